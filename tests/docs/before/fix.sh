mkdir -p services/orders
cat > services/orders/sync.py <<'END'
import os
import requests


def page(after):
    url = "https://api.hubapi.com/crm/v3/objects/contacts"
    return requests.get(url, params={"hapikey": os.environ["HAPIKEY"], "after": after})


def lists():
    return requests.get("https://api.hubapi.com/contacts/v1/lists", params={"hapikey": os.environ["HAPIKEY"]})
END
