"""Reads companies of an account that installed our app."""

import os

import requests

BASE = os.environ.get("HUBSPOT_API", "https://api.hubapi.com")


def access_token():
    answer = requests.post(
        BASE + "/oauth/v1/token",
        params={
            "grant_type": "refresh_token",
            "client_id": os.environ["CLIENT_ID"],
            "client_secret": os.environ["CLIENT_SECRET"],
            "refresh_token": os.environ["REFRESH_TOKEN"],
        },
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


def companies(token):
    answer = requests.get(f"{BASE}/crm/v3/objects/companies", headers={"Authorization": "Bearer " + token}, timeout=10)
    answer.raise_for_status()
    return answer.json()["results"]


if __name__ == "__main__":
    print(len(companies(access_token())), "companies")
