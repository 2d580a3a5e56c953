"""Exports contacts, and keeps a note of when it was done."""

import requests

HAPIKEY = "{{key}}"


def contacts(limit=10):
    answer = requests.get(
        "https://api.hubapi.com/crm/v3/objects/contacts",
        params={"hapikey": HAPIKEY, "limit": limit, "properties": "email"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()["results"]


def owners():
    url = "https://api.hubapi.com/crm/v3/owners?hapikey=" + HAPIKEY
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    return answer.json()["results"]


if __name__ == "__main__":
    print(len(contacts()), "contacts,", len(owners()), "owners")
