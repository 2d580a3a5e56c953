"""Imports and exports over both official clients for Python: hubspot-sdk (dated paths) and hubspot-api-client (v3)."""

import csv
import io
import json
import pathlib
import tempfile
import unittest
import urllib.parse
import urllib.request

import hubspot
from hubspot.crm import exports
from hubspot_sdk import HubSpot as HubSpotSdk

from keyway import Keyway, SCOPES

CSV = "Mail,First name\nada@example.com,Ada\nno address,Nobody\nben@example.com,Ben\n"
REQUEST = {
    "name": "From Python",
    "importOperations": {"0-1": "UPSERT"},
    "files": [
        {
            "fileName": "people.csv",
            "fileFormat": "CSV",
            "fileImportPage": {
                "hasHeader": True,
                "columnMappings": [
                    {"columnObjectTypeId": "0-1", "columnName": "Mail", "propertyName": "email", "columnType": "HUBSPOT_ALTERNATE_ID"},
                    {"columnObjectTypeId": "0-1", "columnName": "First name", "propertyName": "firstname"},
                ],
            },
        }
    ],
}


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway()

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()

    def token(self):
        account = self.keyway.account(self.id().rsplit(".", 1)[1])
        return self.keyway.app(account, "Files", [*SCOPES, "crm.import", "crm.export"])[1]

    def download(self, result, token):
        # Through a gateway the address is HubSpot's; the gateway's own has the same path.
        url = self.keyway.url + urllib.parse.urlsplit(result).path
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        return list(csv.DictReader(io.StringIO(urllib.request.urlopen(request).read().decode())))

    def finished(self, read, done):
        """What is read once it is done; polled as a client does."""
        for _ in range(5):
            answer = read()
            if done(answer):
                return answer
        self.fail(f"not done: {answer}")

    def test_the_new_client_imports_and_exports(self):
        token = self.token()
        crm = HubSpotSdk(base_url=self.keyway.url, access_token=token).crm
        begun = crm.imports.create(files=("people.csv", CSV.encode(), "text/csv"), import_request=json.dumps(REQUEST))
        self.assertEqual((begun.state, begun.mapped_object_type_ids), ("STARTED", ["0-1"]))
        done = self.finished(lambda: crm.imports.get(int(begun.id)), lambda one: one.state == "DONE")
        self.assertEqual((done.metadata.counters["CREATED_OBJECTS"], done.metadata.counters["ERRORS"]), (2, 1))
        [error] = crm.imports.list_errors(int(begun.id)).results
        self.assertEqual((error.error_type, error.source_data.line_number, error.invalid_value), ("INVALID_EMAIL", 3, "no address"))
        self.assertEqual([one.id for one in crm.imports.list()], [begun.id])

        task = crm.exports.create_async(
            export_type="VIEW",
            export_name="All",
            format="CSV",
            language="EN",
            object_type="CONTACT",
            object_properties=["email", "firstname"],
            associated_object_type=["COMPANY"],
            export_internal_values_options=["NAMES", "VALUES"],
            include_labeled_associations=False,
            include_primary_display_property_for_associated_objects=False,
            override_associated_objects_per_definition_per_row_limit=False,
            public_crm_search_request={"filters": [], "filterGroups": [], "sorts": ["-email"], "query": "example"},
        )
        status = self.finished(lambda: crm.exports.get_status(int(task.id)), lambda one: one.status == "COMPLETE")
        self.assertEqual([row["firstname"] for row in self.download(status.result, token)], ["Ben", "Ada"])
        export = crm.exports.get(int(task.id))
        self.assertEqual((export.export_state, export.record_count, export.export_name), ("DONE", 2, "All"))

    def test_an_import_is_canceled(self):
        crm = HubSpotSdk(base_url=self.keyway.url, access_token=self.token()).crm
        begun = crm.imports.create(files=("people.csv", CSV.encode(), "text/csv"), import_request=json.dumps(REQUEST))
        self.assertEqual(crm.imports.cancel(int(begun.id)).status, "CANCELED")
        self.assertEqual(crm.imports.get(int(begun.id)).state, "CANCELED")

    def test_the_older_client_imports_and_exports(self):
        token = self.token()
        client = hubspot.HubSpot(access_token=token, host=self.keyway.url, base_url=self.keyway.url)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "people.csv"
            file.write_text(CSV)
            begun = client.crm.imports.core_api.create(import_request=json.dumps(REQUEST), files=[str(file)])
        done = self.finished(lambda: client.crm.imports.core_api.get_by_id(begun.id), lambda one: one.state == "DONE")
        self.assertEqual(done.metadata.counters["TOTAL_ROWS"], 3)
        [error] = client.crm.imports.public_imports_api.get_errors(begun.id).results
        self.assertEqual((error.error_type, error.object_type), ("INVALID_EMAIL", "CONTACT"))

        wanted = exports.PublicExportViewRequest(
            export_type="VIEW",
            export_name="All",
            format="CSV",
            language="EN",
            object_type="CONTACT",
            object_properties=["email"],
            export_internal_values_options=["NAMES"],
            override_associated_objects_per_definition_per_row_limit=False,
        )
        task = client.crm.exports.public_exports_api.start(wanted)
        status = self.finished(lambda: client.crm.exports.public_exports_api.get_status(task.id), lambda one: one.status == "COMPLETE")
        self.assertEqual([row["email"] for row in self.download(status.result, token)], ["ada@example.com", "ben@example.com"])


if __name__ == "__main__":
    unittest.main()
