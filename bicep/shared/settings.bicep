// The environment variables that every host reads, named in one place.

import { setting, surroundings } from './types.bicep'

@export()
@description('Settings of a host. None of them is a secret: Application Insights takes no key here, so its connection string only says where it is.')
func hostSettings(service string, clientId string, connectionString string, host surroundings) setting[] => [
  { name: 'ALIGNGUARD_STORE', value: 'store://${host.accountName}/${host.runs}' }
  { name: 'ALIGNGUARD_WATCH', value: 'store://${host.accountName}/${host.datasets}' }
  { name: 'ALIGNGUARD_MODELS', value: 'store://${host.accountName}/${host.models}' }
  { name: 'ALIGNGUARD_QUEUE', value: 'queue://${host.accountName}/${host.queue}' }
  // No secret: whoever signs in does it by identity.
  { name: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING', value: 'Endpoint=${host.schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${clientId};TaskHub=${host.hub}' }
  // Which of the identities DefaultAzureCredential takes.
  { name: 'AZURE_CLIENT_ID', value: clientId }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: connectionString }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${clientId};Authorization=AAD' }
  { name: 'OTEL_SERVICE_NAME', value: 'alignguard-${service}' }
]
