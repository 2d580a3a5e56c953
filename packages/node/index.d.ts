// @ts-ignore: without the official client, `client` is any.
import type { Client } from '@hubspot/api-client'

/** The server cannot be found, started or asked. The message says why, and what to do. */
export declare class KeywayError extends Error {}

/** Records of one type: properties alone, or a record with a key, associations and `properties`. */
export type SeedRecord = Record<string, string> | { key?: string; properties: Record<string, string>; associations?: string[] }

/** A rule for values: a text with {n}, {id}, {property} and {type.property}; one of several; a range; {} for a value that fits. */
export type FactoryValue = string | number | boolean | null | { pick: (string | number | boolean)[] } | { from: number | string; to: number | string } | Record<string, never>

/** A rule that makes records. */
export interface Factory {
  type: string
  count: number
  key?: string
  properties?: Record<string, FactoryValue>
  /** An object type, whose records take turns, or type/key. */
  associate?: string | string[]
}

/** A difference between two states of an account. */
export interface Difference {
  change: 'created' | 'updated' | 'deleted'
  what: string
  type: string
  name: string
  fields: Record<string, { from?: any; to?: any }>
}

/** A built-in set, the path of a YAML or JSON file, or the content of one. */
export type Seed = 'minimal' | 'demo' | 'activities' | (string & {}) | {
  set?: string
  /** The number that factories pick values by. */
  number?: number
  records?: Record<string, SeedRecord[]>
  factories?: Factory[]
  owners?: { id: number; email: string; firstName?: string; lastName?: string }[]
  groups?: Record<string, object[]>
  pipelines?: Record<string, object[]>
  labels?: object[]
  lists?: object[]
  properties?: Record<string, object[]>
  schemas?: object[]
  calls?: { method: string; path: string; body?: unknown }[]
}

/** A number, or a range: '1..', '..3', '1..3'. */
export type Times = number | string

export interface AccountOptions {
  /** The scopes of the app that tests use; every scope when left out. */
  scopes?: string[]
  /** What the account holds before each test. */
  seed?: Seed
  name?: string
  tier?: 'free' | 'starter' | 'professional' | 'enterprise'
  timeZone?: string
  currency?: string
}

export interface Options extends AccountOptions {
  /** Answer as HubSpot will on this day, such as '2027-10-01'. */
  asOf?: string
  /** Tokens, ids and correlation ids follow from this number, so that two runs give the same bytes. */
  randomSeed?: number
  /** The time of the account at the start of each test, such as '2027-01-31T09:00:00Z'; it is frozen. */
  clock?: string | Date
  /** Fail a test whose calls have findings: of every rule, or of these. */
  strict?: boolean | string | string[]
  /** The day of the rule deprecated: operations that HubSpot ends on or before it are findings. */
  endsBy?: string
  /** Write the report of the file's tests into this folder, for `keyway portal report`. */
  report?: string
}

export interface Finding {
  rule: string
  test: string | null
  call: string
  message: string
  count: number
  reason: string
}

/** What the calls to an account show. */
export interface Report {
  version: 1
  calls: number
  operations: { operation: string; objectTypes: string | null; alsoReads: string[]; alsoWrites: string[]; calls: number; failed: number; denied: number; tests: string[]; ends: string | null }[]
  scopes: { needed: string[]; least: boolean }
  sunsets: { date: string; what: string; certainty: string; moveTo: string; calls: number; operations: string[] }[]
  endsBy: string | null
  findings: Finding[]
  leftOut: number
}

/** A request as the account received it. Credentials are not kept. */
export interface ReceivedRequest {
  number: number
  time: string
  method: string
  path: string
  query: string | null
  operation: string | null
  appId: number | null
  app: string | null
  body: any
  bodyBytes: number
  status: number | null
  category: string | null
  fault: number | null
  correlationId: string | null
}

export interface Filters {
  operation?: string
  /** An app's id or name. */
  app?: string | number
  /** 404, or '4xx'. */
  status?: number | string
  /** JSON that the body holds at least. */
  body?: unknown
  /** What the query holds at least: 'limit=10', or { limit: 10 }. */
  query?: string | Record<string, string | number | boolean | readonly (string | number | boolean)[]>
  /** Those after the request with this number. */
  after?: number
}

export interface Expectation extends Filters {
  /** Once or more when left out. */
  times?: Times
  /** Wait so many milliseconds for them. */
  within?: number
}

export interface FaultRule {
  status?: number
  limit?: 'burst' | 'daily' | 'search'
  retryAfterS?: number
  latencyMs?: number
  cut?: 'before' | 'after'
  /** Inputs of a batch that fail, counted from 0. */
  inputs?: number[]
  /** The longest time until searches find a change, in milliseconds of the account's time. */
  searchLagMs?: number
  /** Neighbours among the results of a search may change places. */
  searchShuffled?: boolean
  operation?: string
  method?: string
  path?: string
  app?: string
  /** Passes over so many calls first. */
  after?: number
  /** How many calls fail; all when left out. */
  times?: number
  probability?: number
  seed?: number
}

export interface Fault extends FaultRule {
  id: number
  remove(): Promise<void>
}

export interface App {
  id: number
  name: string
  token: string
}

export interface Delivery {
  number: number
  time: string
  appId: number
  targetUrl: string
  attempt: number
  status: number | null
  error: string | null
  tookMs: number
  events: Record<string, any>[]
}

export declare class Clock {
  now(): Promise<Date>
  frozen(): Promise<boolean>
  set(to: Date | string, options?: { frozen?: boolean }): Promise<void>
  freeze(at?: Date | string): Promise<void>
  /** By milliseconds. */
  advance(ms: number): Promise<void>
  reset(): Promise<void>
}

export declare class Webhooks {
  send(to: string, events: string | string[], options?: { app?: string | number }): Promise<void>
  remove(options?: { app?: string | number }): Promise<void>
  secret(): Promise<string>
  deliveries(event?: string, options?: { times?: Times; taken?: boolean; within?: number }): Promise<Delivery[]>
  assertDelivered(event: string, options?: { times?: Times; taken?: boolean; within?: number }): Promise<Delivery[]>
}

/** An embedded account: `baseUrl` in place of https://api.hubapi.com, and a `token`. */
export declare class HubSpot {
  readonly keyway: Keyway
  readonly hubId: number
  readonly appId: number
  readonly baseUrl: string
  readonly token: string
  readonly env: { HUBSPOT_BASE_URL: string; HUBSPOT_ACCESS_TOKEN: string }
  readonly client: Client
  readonly clock: Clock
  readonly webhooks: Webhooks
  clientWith(accessToken: string, settings?: object): Client
  app(name: string, options: { scopes: string[]; noLimits?: boolean }): Promise<App>
  call(method: string, path: string, body?: unknown, query?: object, timeout?: number): Promise<any>
  portal(...args: string[]): Promise<any>
  seed(what: Seed): Promise<Record<string, string>>
  make(type: string, count?: number, options?: { properties?: Record<string, FactoryValue>; associate?: string | string[]; number?: number }): Promise<string[]>
  diff(since?: string, options?: { to?: string; only?: 'records' | 'associations' | 'definitions'; limit?: number }): Promise<Difference[]>
  snapshot(name: string): Promise<void>
  restore(name: string): Promise<void>
  reset(test?: string): Promise<void>
  keep(): Promise<void>
  restart(test?: string): Promise<void>
  requests(method?: string, path?: string, filters?: Filters): Promise<ReceivedRequest[]>
  assertCalled(method?: string, path?: string, expectation?: Expectation): Promise<ReceivedRequest[]>
  assertNotCalled(method?: string, path?: string, filters?: Filters): Promise<void>
  report(options?: { rules?: string; endsBy?: string; current?: boolean }): Promise<Report>
  check(rules?: string, options?: { endsBy?: string }): Promise<void>
  writeReport(folder: string, options?: { endsBy?: string }): Promise<void>
  fault(rule: FaultRule): Promise<Fault>
  clearFaults(): Promise<void>
}

/** A running server: `url` takes the place of https://api.hubapi.com. */
export declare class Keyway {
  readonly url: string
  static ofEnvironment(...options: string[]): Promise<Keyway>
  static start(...options: string[]): Promise<Keyway>
  static connect(options?: { url?: string; address?: string; token?: string }): Promise<Keyway>
  account(options?: AccountOptions): Promise<HubSpot>
  everyScope(): Promise<string[]>
  run(...args: string[]): Promise<any>
  stop(): Promise<void>
}

export interface Hooks {
  before(run: () => Promise<void>): void
  /** May hand over the name of the test. */
  beforeEach(run: (test?: unknown) => Promise<void>): void
  /** For strict mode. */
  afterEach?(run: () => Promise<void>): void
  after(run: () => Promise<void> | void): void
}

/** For a runner with hooks of its own. */
export declare function hooked(hooks: Hooks, options?: Options): HubSpot
