"""An integration as it may be: what `keyway record` records in the test beside this file.

It calls the address in HUBSPOT_BASE_URL with the token in RECORD_TOKEN. Each value of PLANTED is something that must
not be in a cassette.
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

PLANTED = {
    "first name": "Ottoline",
    "last name": "Quackenbush",
    "e-mail": "ottoline.quackenbush@velvetmoose.test",
    "second e-mail": "percival.thistlewick@velvetmoose.test",
    "domain": "velvetmoose.test",
    "phone": "+44 20 7946 0018",
    "phone digits": "442079460018",
    "company": "Velvet Moose Holdings",
    "street": "17 Gargoyle Crescent",
    "note": "Ottoline promised the harpsichord by Michaelmas",
    "word of the note": "harpsichord",
    "property name": "moose_loyalty_rank",
    "option": "antlered",
    "in JSON text": "zephyrblossom",
    "in a query": "marmaladequery",
    "in an error": "bogusstagename",
    "in a header": "headersecretvalue",
    "pipeline": "Moose Onboarding",
    "list": "Quackenbush Relatives",
    "user agent": "velvetmoose-sync",
}


def call(method, path, body=None, token=None, query=None):
    """One call; the status and the JSON of the answer."""
    url = os.environ["HUBSPOT_BASE_URL"] + path + ("?" + urllib.parse.urlencode(query) if query else "")
    headers = {
        "Authorization": "Bearer " + (token or os.environ["RECORD_TOKEN"]),
        "User-Agent": PLANTED["user agent"],
        "X-Trace": PLANTED["in a header"],
    }
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def expect(status, answer):
    """The answer, if its status is the one that is expected."""
    assert answer[0] == status, (status, answer)
    return answer[1]


def run():
    """The integration."""
    contacts, companies, deals = (f"/crm/v3/objects/{kind}" for kind in ("contacts", "companies", "deals"))
    # Reads of what was there before.
    expect(200, call("GET", contacts, query={"limit": 2, "properties": "email,firstname,lastname,phone,lifecyclestage"}))
    page = expect(200, call("GET", contacts, query={"limit": 2}))
    after = page["paging"]["next"]["after"]
    expect(200, call("GET", contacts, query={"limit": 2, "after": after}))
    expect(200, call("GET", companies, query={"limit": 5, "properties": "name,domain"}))
    expect(200, call("GET", "/crm/v3/owners"))
    expect(200, call("GET", "/crm/v3/properties/contacts"))
    expect(200, call("GET", "/crm/v3/pipelines/deals"))
    expect(200, call("GET", f"{contacts}/{PLANTED['second e-mail']}", query={"idProperty": "email"}))
    # Definitions.
    expect(201, call("POST", "/crm/v3/properties/contacts", {
        "name": PLANTED["property name"], "label": "Moose rank", "groupName": "contactinformation", "type": "enumeration",
        "fieldType": "select", "options": [{"label": "Antlered", "value": PLANTED["option"], "displayOrder": 0, "hidden": False}]}))
    expect(201, call("POST", "/crm/v3/properties/contacts", {
        "name": "profile_blob", "label": "Profile", "groupName": "contactinformation", "type": "string", "fieldType": "textarea"}))
    pipeline = expect(201, call("POST", "/crm/v3/pipelines/deals", {
        "label": PLANTED["pipeline"], "displayOrder": 3,
        "stages": [{"label": "Velvet Moose Holdings first", "displayOrder": 0, "metadata": {"probability": "0.3"}}]}))
    # Records.
    person = expect(201, call("POST", contacts, {"properties": {
        "firstname": PLANTED["first name"], "lastname": PLANTED["last name"], "email": PLANTED["e-mail"], "phone": PLANTED["phone"],
        "address": PLANTED["street"], PLANTED["property name"]: PLANTED["option"], "lifecyclestage": "lead",
        "profile_blob": json.dumps({"nick": PLANTED["in JSON text"], "mail": PLANTED["e-mail"]})}}))["id"]
    made = expect(201, call("POST", f"{contacts}/batch/create", {"inputs": [
        {"properties": {"email": f"cousin{n}@{PLANTED['domain']}", "firstname": PLANTED["first name"], "phone": PLANTED["phone digits"]}}
        for n in range(3)]}))["results"]
    company = expect(201, call("POST", companies, {"properties": {
        "name": PLANTED["company"], "domain": PLANTED["domain"], "phone": PLANTED["phone"]}}))["id"]
    deal = expect(201, call("POST", deals, {"properties": {
        "dealname": PLANTED["company"] + " deal", "pipeline": pipeline["id"], "dealstage": pipeline["stages"][0]["id"], "amount": "48213.75",
        "closedate": "2026-12-24T10:00:00.000Z"}}))["id"]
    note = expect(201, call("POST", "/crm/v3/objects/notes", {
        "properties": {"hs_note_body": PLANTED["note"], "hs_timestamp": "2026-11-02T09:30:00.000Z"},
        "associations": [{"to": {"id": person}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}]}]}))["id"]
    expect(200, call("GET", f"/crm/v3/objects/notes/{note}", query={"properties": "hs_note_body", "associations": "contacts"}))
    # Associations.
    expect(200, call("PUT", f"/crm/v4/objects/contacts/{person}/associations/default/companies/{company}"))
    expect(200, call("POST", "/crm/v4/associations/contacts/companies/batch/associate/default", {"inputs": [
        {"from": {"id": made[0]["id"]}, "to": {"id": company}}]}))
    expect(200, call("GET", f"/crm/v4/objects/companies/{company}/associations/contacts"))
    expect(200, call("GET", f"{contacts}/{person}", query={"properties": f"email,{PLANTED['property name']}", "associations": "companies"}))
    # Searches, batches, changes.
    found = expect(200, call("POST", f"{contacts}/search", {"filterGroups": [{"filters": [
        {"propertyName": "email", "operator": "EQ", "value": PLANTED["e-mail"]}]}], "properties": ["email", "firstname"], "limit": 10}))
    assert found["total"] == 1, found
    expect(200, call("POST", f"{contacts}/search", {"query": PLANTED["last name"], "limit": 10}))
    expect(200, call("POST", f"{contacts}/batch/read", {
        "idProperty": "email", "properties": ["email", "phone"], "inputs": [{"id": PLANTED["e-mail"]}, {"id": f"cousin1@{PLANTED['domain']}"}]}))
    expect(200, call("POST", f"{contacts}/batch/update", {"inputs": [{"id": one["id"], "properties": {"city": "Quackenbush"}} for one in made[:2]]}))
    expect(200, call("PATCH", f"{deals}/{deal}", {"properties": {"amount": "50000", "hubspot_owner_id": ""}}))
    expect(200, call("POST", f"{contacts}/merge", {"primaryObjectId": made[0]["id"], "objectIdToMerge": made[1]["id"]}))
    expect(204, call("DELETE", f"{contacts}/{made[2]['id']}"))
    # Errors.
    expect(404, call("GET", f"{contacts}/{made[2]['id']}"))
    expect(409, call("POST", contacts, {"properties": {"email": PLANTED["second e-mail"]}}))
    expect(400, call("POST", contacts, {"properties": {"email": "not an address of " + PLANTED["last name"]}}))
    expect(400, call("PATCH", f"{deals}/{deal}", {"properties": {"dealstage": PLANTED["in an error"]}}))
    expect(400, call("POST", contacts, {"properties": {PLANTED["in an error"]: "x"}}))
    expect(403, call("GET", deals, token=os.environ["RECORD_READER"]))
    expect(401, call("GET", contacts, token="pat-na1-" + "0" * 8 + "-0000-4000-8000-" + "0" * 12))
    expect(429, call("GET", "/crm/v3/objects/tickets", query={"q": PLANTED["in a query"]}))
    expect(200, call("GET", "/crm/v3/objects/tickets", query={"q": PLANTED["in a query"], PLANTED["in a query"]: "1"}))


if __name__ == "__main__":
    run()
