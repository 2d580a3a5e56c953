import type { HubSpot, Options } from './index.js'

/** A HubSpot account for the tests of this file, in the same state before each of them. Call it once, outside of tests. */
export declare function useHubSpot(options?: Options): HubSpot
