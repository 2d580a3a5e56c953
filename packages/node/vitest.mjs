// For Vitest, whose functions only an ES module may import.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { hooked } from './index.js'

const nameOf = ({ task }) => [task.suite?.name, task.name].filter(Boolean).join(' > ')
const each = (run) => beforeEach((context) => run(nameOf(context)))

export const useHubSpot = (options) => hooked({ before: beforeAll, beforeEach: each, afterEach, after: afterAll }, options)
