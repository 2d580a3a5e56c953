"""What fails on the side of the test double."""


class KeywayError(Exception):
    """The server cannot be found, started or asked. The text says why, and what to do."""
