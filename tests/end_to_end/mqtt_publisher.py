"""A small MQTT 3.1.1 client over a socket: publishes fast at QoS 0, any bytes in any topic, and hears what it subscribed.

settle() returns when the broker has taken in all that was published before (it answers our PINGREQ in order).
"""
import contextlib
import socket
import struct
import threading

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP = 0x10, 0x20, 0x30, 0x82, 0x90, 0xC0, 0xD0


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(data)) + data


def packet(kind, body=b""):
    length, rest = b"", len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length += bytes([digit | (0x80 if rest else 0)])
        if not rest:
            return bytes([kind]) + length + body


class MqttClient:
    """Topics and payloads are text or bytes. `heard` are (topic, payload, retained) in the order of arrival, as bytes."""

    LIMIT = 60

    def __init__(self, port, client_id):
        self.socket = socket.create_connection(("127.0.0.1", port), self.LIMIT)
        self.socket.settimeout(None)
        self.heard, self._answers, self._closed = [], {}, False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ask(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x00" + text(client_id)), CONNACK)

    def publish(self, topic, payload, retain=False):
        data = payload if isinstance(payload, bytes) else payload.encode()
        self.socket.sendall(packet(PUBLISH | int(retain), text(topic) + data))

    def subscribe(self, *filters):
        self._ask(packet(SUBSCRIBE, b"\x00\x01" + b"".join(text(each) + b"\x00" for each in filters)), SUBACK)

    def settle(self):
        self._ask(packet(PINGREQ), PINGRESP)

    @property
    def closed(self):
        """The broker closed the connection: what was published last is none for it."""
        return self._closed

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(self.LIMIT)
        self.socket.close()

    stop = close  # a part of a Home

    def _ask(self, request, answer):
        with self._news:
            wanted = self._answers.get(answer, 0) + 1
            self.socket.sendall(request)
            if not self._news.wait_for(lambda: self._closed or self._answers.get(answer, 0) >= wanted, self.LIMIT):
                raise AssertionError(f"the broker did not answer within {self.LIMIT} s")
            if self._closed:
                raise ConnectionError("the broker closed the connection")

    def _read(self):
        with contextlib.suppress(OSError, EOFError), self.socket.makefile("rb", 1 << 20) as stream:
            while True:
                self._take(*self._packet(stream))
        with self._news:
            self._closed = True
            self._news.notify_all()

    @staticmethod
    def _packet(stream):
        kind, length, shift = stream.read(1), 0, 0
        while kind:
            digit = stream.read(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return kind[0], stream.read(length)
        raise EOFError

    def _take(self, kind, body):
        with self._news:
            if kind & 0xF0 == PUBLISH:
                end = 2 + struct.unpack("!H", body[:2])[0]
                self.heard.append((body[2:end], body[end:], bool(kind & 1)))
            else:
                self._answers[kind] = self._answers.get(kind, 0) + 1
            self._news.notify_all()
