// A customer sync as many teams have it: customers of a shop become contacts and companies, and paid orders become deals.
// It knows HubSpot's official client and nothing of Keyway.
import client from '@hubspot/api-client'

const BATCH = 100
const REPEATED = new Set([429, 502, 503, 504])
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export class Sync {
  constructor(hubspot, sleep = pause) {
    this.hubspot = hubspot
    this.sleep = sleep
  }

  /** Repeats a call that HubSpot's rate limit or a failure of its servers refused, up to three times. */
  async repeated(call) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await call()
      } catch (error) {
        if (!REPEATED.has(error.code) || attempt === 3) throw error
        await this.sleep(1000 * Number(error.headers?.['retry-after'] ?? 2 ** attempt))
      }
    }
  }

  /** Creates a contact, or changes the one with this e-mail. Answers its id. */
  async contact(email, properties = {}) {
    const api = this.hubspot.crm.contacts.basicApi
    try {
      return (await this.repeated(() => api.create({ properties: { email, ...properties }, associations: [] }))).id
    } catch (error) {
      if (error.code !== 409) throw error
    }
    return (await this.repeated(() => api.update(email, { properties }, 'email'))).id
  }

  /** Upserts customers in batches. Answers how many are written. */
  async customers(rows) {
    let written = 0
    for (let from = 0; from < rows.length; from += BATCH) {
      const inputs = rows.slice(from, from + BATCH).map((properties) => ({ id: properties.email, idProperty: 'email', properties }))
      written += (await this.repeated(() => this.hubspot.crm.contacts.batchApi.upsert({ inputs }))).results.length
    }
    return written
  }

  /** The id of the company with this domain, which is created where there is none. */
  async company(domain, name) {
    const filters = [{ propertyName: 'domain', operator: 'EQ', value: domain }]
    const search = { filterGroups: [{ filters }], properties: ['name'], limit: 1, sorts: [], after: '0' }
    const { results } = await this.repeated(() => this.hubspot.crm.companies.searchApi.doSearch(search))
    if (results.length) return results[0].id
    return (await this.repeated(() => this.hubspot.crm.companies.basicApi.create({ properties: { domain, name }, associations: [] }))).id
  }

  async employ(contact, company) {
    await this.repeated(() => this.hubspot.crm.associations.v4.basicApi.createDefault('contacts', contact, 'companies', company))
  }

  async employees(company) {
    const page = await this.hubspot.crm.associations.v4.basicApi.getPage('companies', company, 'contacts')
    return page.results.map((one) => String(one.toObjectId)).sort()
  }

  /** Books a paid order as a deal. */
  async win(order, amount) {
    const properties = { dealname: `Order ${order}`, amount: String(amount), pipeline: 'default', dealstage: 'closedwon' }
    return (await this.repeated(() => this.hubspot.crm.deals.basicApi.create({ properties, associations: [] }))).id
  }

  /** The e-mail of every contact, page by page. */
  async emails(pageSize = 100) {
    const found = []
    let after
    do {
      const page = await this.repeated(() => this.hubspot.crm.contacts.basicApi.getPage(pageSize, after, ['email']))
      found.push(...page.results.map((one) => one.properties.email))
      after = page.paging?.next?.after
    } while (after)
    return found
  }

  /** Archives a contact. One that is not there counts as done. */
  async forget(email) {
    const api = this.hubspot.crm.contacts.basicApi
    try {
      const { id } = await api.getById(email, undefined, undefined, undefined, false, 'email')
      await this.repeated(() => api.archive(id))
      return true
    } catch (error) {
      if (error.code === 404) return false
      throw error
    }
  }
}

/** The events of a webhook, when its signature is right. */
export function events(clientSecret, url, headers, requestBody) {
  const { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp } = headers
  const sent = { signatureVersion: 'v3', signature, method: 'POST', clientSecret, requestBody, url, timestamp: Number(timestamp) }
  if (!client.Signature.isValid(sent)) throw new Error("the signature is not HubSpot's")
  return JSON.parse(requestBody)
}
