"""Announcements of Tasmota devices that do not exist."""
import json

FIRST_MAC = 0xD00000000000


def mac(index):
    return f"{FIRST_MAC + index:012X}"


def config_topic(index):
    return f"tasmota/discovery/{mac(index)}/config"


def config(index, **changes):
    """What a device says in its config message; a change to None leaves the key out."""
    facts = {"ip": "192.0.2.7", "dn": f"Invented {index}", "fn": [f"Invented {index}", None], "hn": f"invented-{index}",
             "mac": mac(index), "md": "Generic", "ty": 0, "if": 0, "ofln": "Offline", "onln": "Online",
             "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "13.3.0.1", "t": f"invented_{index}", "ft": "%prefix%/%topic%/",
             "tp": ["cmnd", "stat", "tele"], "rl": [0] * 32, "so": {"4": 0, "11": 0}, "bat": 0, "dslp": 0, "ver": 1, **changes}
    return json.dumps({key: value for key, value in facts.items() if value is not None})


def command_prefix(index):
    return f"cmnd/invented_{index}/"
