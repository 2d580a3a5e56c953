"""The operations that the corpus calls: by path, and by the official clients.

Kept here, not read from the project's data, so that an error there shows; `check_tables.py` compares them.
"""

from typing import NamedTuple


class Path(NamedTuple):
    """An operation, and a path that calls it; the path's {names} are filled in by the caller."""

    method: str
    template: str
    example: str


class ClientCall(NamedTuple):
    """A call of the official Node client and the operation it sends."""

    name: str
    method: str
    template: str


# Operations whose called path is their template.
_PUBLISHED = """
GET /crm/v3/objects/contacts
POST /crm/v3/objects/contacts
GET /crm/v3/objects/contacts/{contactId}
PATCH /crm/v3/objects/contacts/{contactId}
DELETE /crm/v3/objects/contacts/{contactId}
POST /crm/v3/objects/contacts/search
POST /crm/v3/objects/contacts/batch/upsert
GET /crm/v3/objects/companies/{companyId}
POST /crm/v3/objects/companies/batch/read
PATCH /crm/v3/objects/deals/{dealId}
GET /crm/v3/objects/deals
POST /crm/v3/objects/deals/batch/update
GET /crm/v3/objects/tickets/{ticketId}
POST /crm/v3/objects/notes
GET /crm/v3/objects/{objectType}/{objectId}
POST /crm/v3/objects/{objectType}/search
GET /crm/v3/owners
GET /crm/v3/owners/{ownerId}
GET /crm/v3/properties/{objectType}
PATCH /crm/v3/properties/{objectType}/{propertyName}
GET /crm/v3/pipelines/{objectType}
DELETE /crm/v3/pipelines/{objectType}/{pipelineId}
POST /crm/v3/lists/search
PUT /crm/v3/lists/{listId}/memberships/add
POST /crm/v3/associations/{fromObjectType}/{toObjectType}/batch/read
PUT /crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}
GET /crm/v4/associations/{fromObjectType}/{toObjectType}/labels
POST /crm/v3/imports
GET /crm/objects/2026-09/{objectType}/{objectId}
POST /crm/objects/2026-03/contacts/search
GET /crm/owners/2026-09
POST /cms/v3/hubdb/tables/{tableIdOrName}/draft/import
GET /marketing/v3/emails/{emailId}
POST /marketing/v3/transactional/single-email/send
GET /marketing/v3/forms/{formId}
GET /account-info/v3/details
GET /account-info/v3/api-usage/daily/private-apps
POST /events/v3/send
GET /files/v3/files/{fileId}
DELETE /files/v3/files/{fileId}
GET /settings/v3/users/{userId}
POST /visitor-identification/v3/tokens/create
POST /automation/v4/actions/callbacks/{callbackId}/complete
GET /communication-preferences/v3/definitions
"""

# Older operations: known by the start of their path.
_OLDER = """
GET /contacts/v1/contact /contacts/v1/contact/vid/{vid}/profile
POST /contacts/v1/contact /contacts/v1/contact/createOrUpdate/email/{email}
GET /contacts/v1/lists /contacts/v1/lists/{listId}/contacts/all
GET /companies/v2 /companies/v2/companies/{companyId}
PUT /companies/v2 /companies/v2/companies/{companyId}
PUT /deals/v1/deal /deals/v1/deal/{dealId}
GET /deals/v1/pipelines /deals/v1/pipelines
GET /crm-pipelines/v1 /crm-pipelines/v1/pipelines/tickets
PUT /crm-associations/v1 /crm-associations/v1/associations
GET /crm-objects/v1/objects /crm-objects/v1/objects/tickets/{ticketId}
POST /engagements/v1 /engagements/v1/engagements
GET /properties/v1 /properties/v1/contacts/properties
GET /properties/v2 /properties/v2/companies/properties
GET /owners/v2 /owners/v2/owners
GET /forms/v2 /forms/v2/forms/{formId}
GET /email/public/v1 /email/public/v1/campaigns/{campaignId}
GET /hubdb/api/v2 /hubdb/api/v2/tables/{tableId}/rows
GET /content/api/v2 /content/api/v2/pages/{pageId}
POST /automation/v2/workflows /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}
GET /automation/v3/workflows /automation/v3/workflows
GET /integrations/v1/limit/daily /integrations/v1/limit/daily
"""

_CALLS = """
crm.contacts.basicApi.getPage GET /crm/v3/objects/contacts
crm.contacts.basicApi.getById GET /crm/v3/objects/contacts/{contactId}
crm.contacts.basicApi.create POST /crm/v3/objects/contacts
crm.contacts.basicApi.update PATCH /crm/v3/objects/contacts/{contactId}
crm.contacts.basicApi.archive DELETE /crm/v3/objects/contacts/{contactId}
crm.contacts.searchApi.doSearch POST /crm/v3/objects/contacts/search
crm.contacts.batchApi.upsert POST /crm/v3/objects/contacts/batch/upsert
crm.companies.basicApi.getById GET /crm/v3/objects/companies/{companyId}
crm.companies.basicApi.create POST /crm/v3/objects/companies
crm.companies.batchApi.read POST /crm/v3/objects/companies/batch/read
crm.companies.searchApi.doSearch POST /crm/v3/objects/companies/search
crm.deals.basicApi.getPage GET /crm/v3/objects/deals
crm.deals.basicApi.update PATCH /crm/v3/objects/deals/{dealId}
crm.deals.batchApi.create POST /crm/v3/objects/deals/batch/create
crm.tickets.basicApi.create POST /crm/v3/objects/tickets
crm.tickets.basicApi.archive DELETE /crm/v3/objects/tickets/{ticketId}
crm.products.basicApi.getPage GET /crm/v3/objects/products
crm.lineItems.basicApi.create POST /crm/v3/objects/line_items
crm.quotes.basicApi.getById GET /crm/v3/objects/quotes/{quoteId}
crm.objects.basicApi.getPage GET /crm/v3/objects/{objectType}
crm.objects.basicApi.create POST /crm/v3/objects/{objectType}
crm.objects.searchApi.doSearch POST /crm/v3/objects/{objectType}/search
crm.objects.notes.basicApi.create POST /crm/v3/objects/notes
crm.objects.calls.basicApi.getById GET /crm/v3/objects/calls/{callId}
crm.objects.tasks.batchApi.archive POST /crm/v3/objects/tasks/batch/archive
crm.owners.ownersApi.getPage GET /crm/v3/owners
crm.owners.ownersApi.getById GET /crm/v3/owners/{ownerId}
crm.properties.coreApi.getAll GET /crm/v3/properties/{objectType}
crm.properties.coreApi.create POST /crm/v3/properties/{objectType}
crm.properties.groupsApi.getAll GET /crm/v3/properties/{objectType}/groups
crm.pipelines.pipelinesApi.getAll GET /crm/v3/pipelines/{objectType}
crm.pipelines.pipelineStagesApi.getAll GET /crm/v3/pipelines/{objectType}/{pipelineId}/stages
crm.associations.batchApi.create POST /crm/v3/associations/{fromObjectType}/{toObjectType}/batch/create
crm.associations.v4.basicApi.getPage GET /crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}
crm.lists.listsApi.doSearch POST /crm/v3/lists/search
crm.lists.membershipsApi.add PUT /crm/v3/lists/{listId}/memberships/add
crm.schemas.coreApi.getAll GET /crm-object-schemas/v3/schemas
crm.imports.coreApi.getPage GET /crm/v3/imports
crm.exports.publicExportsApi.start POST /crm/v3/exports/export/async
marketing.forms.formsApi.getPage GET /marketing/v3/forms
marketing.transactional.singleSendApi.sendEmail POST /marketing/v3/transactional/single-email/send
cms.hubdb.tablesApi.getAllTables GET /cms/v3/hubdb/tables
files.filesApi.getById GET /files/v3/files/{fileId}
events.send.basicApi.send POST /events/v3/send
oauth.tokensApi.create POST /oauth/v1/token
oauth.accessTokensApi.get GET /oauth/v1/access-tokens/{token}
settings.users.usersApi.getById GET /settings/v3/users/{userId}
"""


def _read_published() -> list:
    rows = [line.split(" ") for line in _PUBLISHED.split("\n") if line]
    return [Path(method, template, template) for method, template in rows]


def _read_older() -> list:
    return [Path(*line.split(" ")) for line in _OLDER.split("\n") if line]


PATHS = _read_published() + _read_older()
CLIENT_CALLS = [ClientCall(*line.split(" ")) for line in _CALLS.split("\n") if line]
