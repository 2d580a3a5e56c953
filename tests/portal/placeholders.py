"""Replaces the placeholders of a request by records and definitions that it makes for it.

A test of the suite sends `contactId` for a contact and `propertyName` for a property. A transport stands
between the client and the server, makes what a request needs, and sends the request with its names and ids.
Nothing of an answer is changed.
"""

import itertools
import json
import time

import httpx

NUMBERS = itertools.count(1)
# What a record of a type must have.
REQUIRED = {
    "deals": {"dealname": "Deal", "pipeline": "default", "dealstage": "appointmentscheduled"},
    "tickets": {"subject": "Ticket", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
    "companies": {"name": "Company"},
    "leads": {"hs_pipeline": "lead-pipeline-id", "hs_pipeline_stage": "new-stage-id"},
    "emails": {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_email_direction": "EMAIL"},
    "communications": {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_communication_channel_type": "SMS"},
}
# The values that a record of a type is made with.
SHOWN = {}
# One custom object type for each token.
CUSTOM = {}
# Unique properties made so far, by token and object type: a type has at most ten.
KEYS = {}


class Refused(Exception):
    """What a request needs could not be made."""


def unique(word):
    return f"{word}_{next(NUMBERS)}"


def value_of(definition):
    if definition["options"]:
        return definition["options"][0]["value"]
    samples = {"number": "1", "datetime": "2026-01-01T00:00:00Z", "date": "2026-01-01", "bool": "true"}
    return samples.get(definition["type"], "text")


class Placeholders(httpx.BaseTransport):
    def __init__(self, url, token):
        self.inner = httpx.HTTPTransport(verify=False)
        self.url, self.token = httpx.URL(url), token
        self.headers = {"authorization": f"Bearer {token}"}

    def close(self):
        self.inner.close()

    # The requests that make what is needed.

    def send(self, request):
        for pause in (0.3, 0.6, 1.2, 2.4, 5, 5):
            response = self.inner.handle_request(request)
            if response.status_code != 429:
                return response
            response.read()
            time.sleep(pause)
        return response

    def call(self, method, path, body=None, files=None):
        request = httpx.Request(method, self.url.join(path), json=body, files=files, headers=self.headers)
        response = self.send(request)
        response.read()
        if response.status_code >= 300:
            raise Refused(f"{method} {path}: {response.status_code} {response.text[:300]}")
        return response.json() if response.content else None

    def properties(self, kind):
        """Values for what a new record must have, and for what is shown of it: an empty property is shown as
        null, as on HubSpot, which the suite's types do not know."""
        if kind.startswith("2-"):
            return {"name": unique("boat")}
        kind = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets"}.get(kind, kind)
        if kind not in SHOWN:
            known = {one["name"]: one for one in self.call("GET", f"/crm/properties/2026-03/{kind}")["results"]}
            required = self.call("GET", f"/crm-object-schemas/2026-03/schemas/{kind}")["requiredProperties"]
            values = {name: value_of(known[name]) for name in required} | REQUIRED.get(kind, {})
            probe = self.call("POST", f"/crm/objects/2026-03/{kind}", {"properties": values, "associations": self.needed(kind)})["id"]
            read = self.call("GET", f"/crm/objects/2026-03/{kind}/{probe}")["properties"]
            self.call("DELETE", f"/crm/objects/2026-03/{kind}/{probe}")
            shown = [name for name, value in read.items() if value is None]
            SHOWN[kind] = values | {name: value_of(known[name]) for name in shown}
        values = dict(SHOWN[kind])
        if "email" in values:
            values["email"] = unique("person") + "@example.com"
        return values

    def record(self, kind, archived=False, **more):
        body = {"properties": {**self.properties(kind), **more}, "associations": self.needed(kind)}
        made = self.call("POST", f"/crm/objects/2026-03/{kind}", body)["id"]
        if archived:
            self.call("DELETE", f"/crm/objects/2026-03/{kind}/{made}")
        return made

    def needed(self, kind):
        """The associations without which a record of a type is not created."""
        if kind != "leads":
            return []
        return [{"to": {"id": self.record("contacts")}, "types": [self.plain("leads", "contacts")]}]

    def known(self, kind, one):
        """The input of an upsert of a record that is there, by a unique property: HubSpot takes no id of a record."""
        if (self.token, kind) not in KEYS:
            group = self.call("GET", f"/crm/properties/2026-03/{kind}/groups")["results"][0]["name"]
            name = unique("made_key")
            body = {"name": name, "label": name, "groupName": group, "type": "string", "fieldType": "text", "hasUniqueValue": True}
            self.call("POST", f"/crm/properties/2026-03/{kind}", body)
            KEYS[self.token, kind] = name
        name, value = KEYS[self.token, kind], unique("key")
        self.record(kind, **{name: value})
        return {**one, "id": value, "idProperty": name, "properties": {}}

    def property(self, kind, archived=False):
        name = unique("made_property")
        group = self.call("GET", f"/crm/properties/2026-03/{kind}/groups")["results"][0]["name"]
        body = {"name": name, "label": name, "groupName": group, "type": "string", "fieldType": "text"}
        self.call("POST", f"/crm/properties/2026-03/{kind}", body)
        if archived:
            self.call("DELETE", f"/crm/properties/2026-03/{kind}/{name}")
        return name

    def group(self, kind):
        name = unique("made_group")
        self.call("POST", f"/crm/properties/2026-03/{kind}/groups", {"name": name, "label": name})
        return name

    def pipeline(self, kind):
        stages = [{"label": label, "displayOrder": at, "metadata": {"probability": "0.5"}} for at, label in enumerate(["first", "second"])]
        body = {"label": unique("pipeline"), "displayOrder": 1, "stages": stages}
        # Few at a time: an object type has at most a hundred.
        return self.call("POST", f"/crm/pipelines/2026-03/{kind}", body)

    def custom_type(self):
        if self.token not in CUSTOM:
            CUSTOM[self.token] = self.schema()
        return CUSTOM[self.token]

    def schema(self):
        name = unique("boat")
        body = {
            "name": name,
            "labels": {"singular": name, "plural": name},
            "properties": [{"name": "name", "label": "Name", "type": "string", "fieldType": "text"}],
            "requiredProperties": [],
            "searchableProperties": [],
            "secondaryDisplayProperties": [],
            "associatedObjects": [],
            "primaryDisplayProperty": "name",
        }
        return self.call("POST", "/crm-object-schemas/2026-03/schemas", body)["objectTypeId"]

    def label(self, start, end):
        body = {"label": unique("label"), "name": unique("label")}
        return self.call("POST", f"/crm/associations/2026-03/{start}/{end}/labels", body)["results"][0]["typeId"]

    def plain(self, start, end):
        labels = self.call("GET", f"/crm/associations/2026-03/{start}/{end}/labels")["results"]
        return {"associationCategory": labels[0]["category"], "associationTypeId": labels[0]["typeId"]}

    def contact_list(self, processing="MANUAL"):
        body = {"name": unique("list"), "objectTypeId": "0-1", "processingType": processing}
        if processing != "MANUAL":
            body["filterBranch"] = FILTERS
        return self.call("POST", "/crm/lists/2026-03", body)["list"]["listId"]

    def folder(self):
        return self.call("POST", "/crm/lists/2026-03/folders", {"name": unique("folder"), "parentFolderId": "0"})["folder"]["id"]

    # The request itself.

    def handle_request(self, request):
        request.read()
        segments = request.url.path.strip("/").split("/")
        query = dict(request.url.params.multi_items())
        try:
            body = json.loads(request.content) if request.headers.get("content-type", "").startswith("application/json") else None
        except ValueError:
            body = None
        self.method, self.archived = request.method, query.get("archived") == "true"
        try:
            segments, query, body = self.replaced(segments, query, json.loads(json.dumps(body)))
        except Refused:
            # What the request needs can't be made (records of a type that the API can't write): it goes as it
            # came, and what is answered must be a refusal.
            segments, query = request.url.path.strip("/").split("/"), dict(request.url.params.multi_items())
        url = self.url.copy_with(path="/" + "/".join(segments), params=query or None)
        headers = {name: value for name, value in request.headers.items() if name not in ("content-length", "host", "transfer-encoding")}
        content = request.content if body is None else json.dumps(body).encode()
        return self.send(httpx.Request(request.method, url, headers=headers, content=content))

    def replaced(self, segments, query, body):
        query.pop("idProperty", None)
        if query.get("after") == "after":
            del query["after"]
        if query.get("before") == "before":
            del query["before"]
        if query.get("limit") == "0":
            query["limit"] = "10"
        if "associations" in query:
            query["associations"] = "companies"
        root, tail = segments[:3], segments[3:]
        families = {
            "objects": self.objects,
            "properties": self.property_path,
            "pipelines": self.pipeline_path,
            "associations": self.association_path,
            "lists": self.list_path,
            "owners": self.owner_path,
            "property-validations": self.validation_path,
            "limits": self.limit_path,
            "object-library": self.object_library,
            "imports": self.import_path,
            "exports": self.export_path,
        }
        if root[0] == "crm" and len(root) > 1 and root[1] in families:
            tail, query, body = families[root[1]](tail, query, body)
        elif root[0] == "crm-object-schemas":
            tail, query, body = self.schema_path(tail, query, body)
        elif root[0] == "deal-splits":
            tail, body = segments[2:], self.splits(body)
            root = segments[:2]
        return root + tail, query, body

    def kind(self, segment):
        return {"objectType": "contacts", "fromObjectType": "contacts", "toObjectType": "companies", "objectTypeId": "contacts"}.get(segment, segment)

    def objects(self, tail, query, body):
        if tail[0] in ("objectType", "toObjectType", "fromObjectType"):
            tail = [self.custom_type() if tail[0] == "objectType" and len(tail) < 3 else self.kind(tail[0])] + tail[1:]
        kind = tail[0]
        if len(tail) > 2 and tail[2] == "associations":
            tail[1] = self.record(kind)
            if len(tail) > 3:
                if tail[3] == "default":
                    tail[4], tail[5] = "companies", self.record("companies")
                else:
                    tail[3] = "companies"
                    if len(tail) > 4:
                        tail[4] = self.record("companies")
            if isinstance(body, list):
                body = [self.plain(kind, "companies")]
            return tail, query, body
        if len(tail) == 2 and tail[1] not in ("search", "merge", "gdpr-delete"):
            tail[1] = self.record(kind, self.archived)
            if self.method == "PATCH" and body is not None:
                # An update without properties is refused.
                body["properties"] = self.properties(kind)
            return tail, query, body
        if body is None:
            return tail, query, body
        if len(tail) == 1:
            return tail, query, self.new(kind, body)
        action = tail[-1]
        if action == "search":
            body = self.search(body)
        elif action == "merge":
            body = {"objectIdToMerge": self.record(kind), "primaryObjectId": self.record(kind)}
        elif action == "gdpr-delete":
            body = {"objectId": self.record(kind)}
        elif action == "create":
            body["inputs"] = [self.new(kind, one) for one in body["inputs"]]
        elif action == "upsert":
            body["inputs"] = [self.known(kind, one) for one in body["inputs"]]
        else:
            body.pop("idProperty", None)
            inputs = [{**one, "id": self.record(kind, self.archived and action == "read")} for one in body["inputs"]]
            for one in inputs:
                one.pop("idProperty", None)
                if "properties" in one:
                    one["properties"] = {}
            body["inputs"] = inputs
        return tail, query, body

    def new(self, kind, body):
        other = "contacts" if kind in ("companies", "leads") else "companies"
        for one in body.get("associations") or []:
            one["to"]["id"] = self.record(other)
            one["types"] = [self.plain(kind, other)]
        return {**body, "properties": self.properties(kind)}

    def search(self, body):
        body = {**body, "after": "0", "sorts": ["hs_createdate"]}
        for group in body.get("filterGroups") or []:
            for one in group["filters"]:
                one.update({"propertyName": "hs_object_id", "value": "1", "highValue": "2", "values": ["1"]})
        return body

    def property_path(self, tail, query, body):
        tail[0] = kind = self.kind(tail[0])
        if "dataSensitivity" in query or (body and "dataSensitivity" in body):
            query.pop("dataSensitivity", None)
            if body:
                body["dataSensitivity"] = "non_sensitive"
        if tail[1:2] == ["groups"]:
            if len(tail) > 2:
                tail[2] = self.group(kind)
            elif body:
                body["name"] = unique("group")
            return tail, query, body
        if tail[1:2] == ["batch"]:
            if tail[2] == "create":
                body["inputs"] = [self.definition(kind, one) for one in body["inputs"]]
            else:
                body["inputs"] = [{"name": self.property(kind, bool(body.get("archived")))} for _ in body["inputs"]]
        elif len(tail) == 2:
            tail[1] = self.property(kind, self.archived)
            if body:
                body = {key: value for key, value in body.items() if key not in ("type", "fieldType", "options")}
                if "groupName" in body:
                    body["groupName"] = self.group(kind)
        elif body:
            body = self.definition(kind, body)
        return tail, query, body

    def definition(self, kind, body):
        body = {**body, "name": unique("property"), "groupName": self.group(kind)}
        # The suite gives options to a bool, and a unique value to one; a text property takes neither.
        if "options" in body:
            body.update({"type": "enumeration", "fieldType": "select"})
            body["options"] = [{**one, "value": unique("value"), "label": unique("label")} for one in body["options"]]
        if body.get("hasUniqueValue"):
            body["hasUniqueValue"] = False
        body.pop("dataSensitivity", None)
        return body

    def pipeline_path(self, tail, query, body):
        tail[0] = kind = "deals"
        made = None
        if len(tail) > 1:
            made = self.pipeline(kind)
            tail[1] = made["id"]
        if len(tail) > 3:
            tail[3] = made["stages"][0]["id"]
        if body:
            body.pop("archived", None)
            body.pop("pipelineId", None)
            body.pop("stageId", None)
            if "label" in body:
                body["label"] = unique("pipeline")
            if "metadata" in body:
                body["metadata"] = {"probability": "0.5"}
            for stage in body.get("stages") or []:
                stage.pop("stageId", None)
                stage.update({"label": unique("stage"), "metadata": {"probability": "0.5"}})
        return tail, query, body

    def association_path(self, tail, query, body):
        if tail[0] == "usage":
            return tail[:2] + ["9001"], query, body
        at = 2 if tail[0] == "definitions" else 0
        if tail[at] == "all":
            return tail, query, body
        tail[at], tail[at + 1] = "contacts", "companies"
        action = tail[at + 2 :]
        if action[:1] == ["labels"]:
            if len(action) > 1:
                action[1] = str(self.label("contacts", "companies"))
            elif body and "associationTypeId" in body:
                body["associationTypeId"] = self.label("contacts", "companies")
                body["label"] = unique("label")
            elif body:
                body.update({"label": unique("label"), "name": unique("label")})
            return tail[: at + 2] + action, query, body
        if body:
            for one in body["inputs"]:
                if "typeId" in one or tail[0] == "definitions":
                    one.update({"typeId": 279, "category": "HUBSPOT_DEFINED"})
                    if "maxToObjectIds" in one:
                        one["maxToObjectIds"] = 50
                if "id" in one:
                    one["id"] = self.record("contacts")
                    self.call("PUT", f"/crm/objects/2026-03/contacts/{one['id']}/associations/default/companies/{self.record('companies')}")
                if "from" in one:
                    one["from"] = {"id": self.record("contacts")}
                if "to" in one:
                    made = {"id": self.record("companies")}
                    one["to"] = [made] if isinstance(one["to"], list) else made
                if "types" in one:
                    one["types"] = [self.plain("contacts", "companies")]
        return tail, query, body

    def owner_path(self, tail, query, body):
        if len(tail) > 0 and tail[0]:
            tail[0] = "5001"
            query.pop("archived", None)
        return tail, query, body

    def validation_path(self, tail, query, body):
        tail[0] = "contacts"
        if len(tail) > 1:
            tail[1] = self.property("contacts")
        if len(tail) > 3:
            tail[3] = "MAX_LENGTH"
            if body:
                body["ruleArguments"] = ["50"]
            else:
                self.call("PUT", "/crm/property-validations/2026-03/" + "/".join(tail), {"ruleArguments": ["50"]})
        return tail, query, body

    def limit_path(self, tail, query, body):
        names = {"fromObjectTypeId": "0-1", "toObjectTypeId": "0-2"}
        for name in names:
            if name in query:
                query[name] = names[name]
        return [names.get(segment, segment) for segment in tail], query, body

    def object_library(self, tail, query, body):
        return ["0-1" if segment == "objectTypeId" else segment for segment in tail], query, body

    def schema_path(self, tail, query, body):
        if not tail:
            if body:
                name = unique("boat")
                body["name"] = name
                body["labels"] = {"singular": name, "plural": name}
                for one in body["properties"]:
                    one.update({"name": unique("property"), "type": "string", "fieldType": "text"})
                    one.pop("options", None)
                    one.pop("groupName", None)
                names = [one["name"] for one in body["properties"]]
                for field in ("requiredProperties", "searchableProperties", "secondaryDisplayProperties"):
                    body[field] = names
                if "primaryDisplayProperty" in body:
                    body["primaryDisplayProperty"] = names[0]
                body["associatedObjects"] = ["CONTACT"]
            return tail, query, body
        if tail[0] == "batch":
            body["inputs"] = [self.custom_type() for _ in body["inputs"]]
            return tail, query, body
        tail[0] = self.schema() if self.method == "DELETE" and len(tail) == 1 else self.custom_type()
        if tail[1:2] == ["associations"]:
            if body:
                body.update({"fromObjectTypeId": tail[0], "toObjectTypeId": "0-1", "name": unique("made")})
            else:
                made = {"fromObjectTypeId": tail[0], "toObjectTypeId": "0-1", "name": unique("made")}
                tail[2] = self.call("POST", f"/crm-object-schemas/2026-03/schemas/{tail[0]}/associations", made)["id"]
        elif body:
            for field in ("requiredProperties", "searchableProperties", "secondaryDisplayProperties"):
                if field in body:
                    body[field] = ["name"]
            if "primaryDisplayProperty" in body:
                body["primaryDisplayProperty"] = "name"
        return tail, query, body

    def list_path(self, tail, query, body):
        if tail[:1] == ["folders"]:
            if "folderId" in query:
                query["folderId"] = self.folder()
            if tail[1:] == ["move-list"]:
                body = {"listId": self.contact_list(), "newFolderId": self.folder()}
            elif len(tail) > 1:
                tail[1] = self.folder()
                if tail[2:3] == ["move"]:
                    tail[3] = self.folder()
                if tail[2:3] == ["rename"]:
                    query["newFolderName"] = unique("renamed")
            elif body:
                body.update({"name": unique("folder"), "parentFolderId": "0"})
            return tail, query, body
        if tail == []:
            if body:
                body.update({"name": unique("list"), "objectTypeId": "0-1", "processingType": "DYNAMIC" if "filterBranch" in body else "MANUAL"})
                body.pop("listFolderId", None)
                if "filterBranch" in body:
                    body["filterBranch"] = FILTERS
            elif "listIds" in query:
                query["listIds"] = self.contact_list()
            return tail, query, body
        if tail[0] == "idmapping":
            made = self.contact_list()
            if "legacyListId" in query:
                query["legacyListId"] = made
            elif self.method == "GET":
                query["legacyListId"] = made
            else:
                body = [made]
            return tail, query, body
        if tail[0] == "search":
            body.update({"listIds": [self.contact_list()], "offset": 0, "processingTypes": ["MANUAL"]})
            body.pop("query", None)
            body.pop("sort", None)
            if "objectTypeId" in body:
                body["objectTypeId"] = "0-1"
            return tail, query, body
        if tail[0] == "object-type-id":
            name = unique("named")
            self.call("POST", "/crm/lists/2026-03", {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"})
            tail[1], tail[3] = "0-1", name
            return tail, query, body
        if tail[0] == "records":
            made = self.record("contacts")
            if tail[1] == "memberships":
                body["inputs"] = [{"objectTypeId": "0-1", "recordId": made}]
            else:
                tail[1], tail[2] = "0-1", made
            return tail, query, body
        dynamic = tail[1:2] == ["update-list-filters"] or tail[1:2] == ["schedule-conversion"]
        made = tail[0] = self.contact_list("DYNAMIC" if dynamic else "MANUAL")
        if tail[1:] == ["restore"]:
            self.call("DELETE", f"/crm/lists/2026-03/{made}")
        if tail[1:2] == ["schedule-conversion"] and self.method != "PUT":
            self.call("PUT", f"/crm/lists/2026-03/{made}/schedule-conversion", {"conversionType": "CONVERSION_DATE", "year": 2030, "month": 1, "day": 1})
        if tail[1:2] == ["schedule-conversion"] and body and body.get("conversionType") == "CONVERSION_DATE":
            body.update({"year": 2030, "month": 1, "day": 1})
        if tail[1:2] == ["schedule-conversion"] and body and "offset" in body:
            body["offset"] = 1
        if tail[1:] == ["update-list-filters"]:
            body["filterBranch"] = FILTERS
        if tail[1:] == ["update-list-name"]:
            query["listName"] = unique("renamed")
        if tail[1:3] == ["memberships", "add-from"]:
            tail[3] = self.contact_list()
        if isinstance(body, list):
            body = [self.record("contacts")]
        if body and "recordIdsToAdd" in body:
            body = {"recordIdsToAdd": [self.record("contacts")], "recordIdsToRemove": []}
        return tail, query, body

    def new_import(self):
        return self.call("POST", "/crm/imports/2026-03", files=IMPORT)["id"]

    def import_path(self, tail, query, body):
        if tail:
            tail[0] = str(self.new_import())
        return tail, query, body

    def export_path(self, tail, query, body):
        if body:
            body.update({"objectType": "CONTACT", "objectProperties": ["email"], "exportName": "all"})
            body.pop("publicCrmSearchRequest", None)
            if body.get("exportType") == "LIST":
                body["listId"] = self.contact_list()
        elif tail[-1] == "status" or tail[:1] == ["export"]:
            asked = {"exportType": "VIEW", "exportName": "all", "format": "CSV", "language": "EN", "objectType": "CONTACT", "objectProperties": ["email"], "exportInternalValuesOptions": [], "associatedObjectType": "COMPANY", "overrideAssociatedObjectsPerDefinitionPerRowLimit": False}
            made = str(self.call("POST", "/crm/exports/2026-03/export/async", asked)["id"])
            tail = [made if segment in ("taskId", "exportId", "0") else segment for segment in tail]
        return tail, query, body

    def splits(self, body):
        for one in body["inputs"]:
            one["id"] = self.record("deals")
            if "splits" in one:
                one["splits"] = [{"ownerId": 5001, "percentage": 1.0}]
        return body


FILTERS = {
    "filterBranchType": "OR",
    "filterBranchOperator": "OR",
    "filters": [],
    "filterBranches": [
        {
            "filterBranchType": "AND",
            "filterBranchOperator": "AND",
            "filterBranches": [],
            "filters": [
                {
                    "filterType": "PROPERTY",
                    "property": "city",
                    "operation": {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Porto"], "includeObjectsWithNoValueSet": False},
                }
            ],
        }
    ],
}

IMPORT = {
    "importRequest": (
        None,
        json.dumps(
            {
                "name": "made",
                "files": [
                    {
                        "fileName": "contacts.csv",
                        "fileFormat": "CSV",
                        "fileImportPage": {
                            "hasHeader": True,
                            "columnMappings": [{"columnObjectTypeId": "0-1", "columnName": "Email", "propertyName": "email", "columnType": "HUBSPOT_ALTERNATE_ID"}],
                        },
                    }
                ],
            }
        ),
        "application/json",
    ),
    "files": ("contacts.csv", b"Email\nimported@example.com\n", "text/csv"),
}
