// For Vitest, whose functions only an ES module may import.
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { hooked } from './index.js'

export const useHubSpot = (options) => hooked({ before: beforeAll, beforeEach, after: afterAll }, options)
