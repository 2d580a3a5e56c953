// Checks manifests on standard input, a JSON list, against the schemas of the Prometheus operator.
import { readFileSync } from 'node:fs'
import * as models from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'

for (const manifest of JSON.parse(readFileSync(0, 'utf8'))) {
  const Model = models[manifest.kind] ?? models.default?.[manifest.kind]
  if (!Model) throw new Error(`no schema of ${manifest.kind}`)
  new Model(manifest).validate()
}
