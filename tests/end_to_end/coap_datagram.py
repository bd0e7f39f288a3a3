"""CoAP messages as datagrams (RFC 7252), enough to register LwM2M clients that nobody runs."""
import contextlib
import socket
import struct

URI_PATH, CONTENT_FORMAT, URI_QUERY, BLOCK1 = 11, 12, 15, 27
LINK_FORMAT = 40
OBJECTS = b"</1/0>,</3/0>,</5/0>"


def nibble(value):
    """An option's delta or length: four bits, and what follows them (RFC 7252 section 3.1)."""
    if value < 13:
        return value, b""
    return (13, bytes([value - 13])) if value < 269 else (14, struct.pack("!H", value - 269))


def request(method, path, message_id, query=(), payload=b"", content_format=LINK_FORMAT):
    """A confirmable request; method 2 is POST."""
    options = [(URI_PATH, each.encode()) for each in path]
    if payload:
        options.append((CONTENT_FORMAT, bytes([content_format])))
    options += [(URI_QUERY, each if isinstance(each, bytes) else each.encode()) for each in query]
    token = struct.pack("!H", message_id)
    out = bytes([0x40 | len(token), method]) + struct.pack("!H", message_id) + token
    last = 0
    for number, value in options:
        (delta, delta_more), (length, length_more) = nibble(number - last), nibble(len(value))
        out += bytes([delta << 4 | length]) + delta_more + length_more + value
        last = number
    return out + (b"\xff" + payload if payload else b"")


def registration(endpoint, message_id, lifetime=300, objects=OBJECTS):
    name = endpoint if isinstance(endpoint, bytes) else endpoint.encode()
    return request(2, ["rd"], message_id, [b"ep=" + name, f"lt={lifetime}", "lwm2m=1.1", "b=U"], objects)


def code(datagram):
    """"2.01" of an answer, or "" for what is none (a request of the server, or rubbish)."""
    if len(datagram) < 4 or datagram[1] >> 5 < 2:
        return ""
    return f"{datagram[1] >> 5}.{datagram[1] & 31:02}"


class Client:
    """A UDP socket of its own address in 127.0.0.0/8."""

    RESENDS, WAIT = 15, 2  # how often, and after how many seconds, a request without an answer is sent again

    def __init__(self, server_port, address="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.settimeout(self.WAIT)
        self.server = ("127.0.0.1", server_port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, datagram):
        self.socket.sendto(datagram, self.server)

    def ask(self, datagram):
        """The code of the answer to this request; what the server asks meanwhile is not heard."""
        for _ in range(self.RESENDS):
            self.send(datagram)
            with contextlib.suppress(TimeoutError):
                while True:
                    answer = self.socket.recv(2048)
                    if answer[2:4] == datagram[2:4] and code(answer):
                        return code(answer)
        raise AssertionError(f"no answer to {datagram!r}")
