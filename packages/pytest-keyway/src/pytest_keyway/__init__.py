"""A HubSpot account for each test, served by Keyway beside the tests.

pytest finds the fixtures `keyway` and `hubspot` by itself (`pytest_keyway.plugin`).
`pytest_keyway.unittest` has the same for unittest.
"""

from .account import App, HubSpot, Record
from .clock import Clock
from .errors import KeywayError
from .faults import Fault
from .requests import Request
from .server import Keyway
from .strict import StrictError
from .webhooks import Delivery, Webhooks

__all__ = ["App", "Clock", "Delivery", "Fault", "HubSpot", "Keyway", "KeywayError", "Record", "Request", "StrictError", "Webhooks"]
