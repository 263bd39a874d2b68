// The Durable Task scheduler: keeps the histories of orchestrations and hands out their work.

import { principal, tagSet } from '../shared/types.bicep'
import { durableTaskDataContributor } from '../shared/roles.bicep'

@description('Name, 3 to 64 letters, digits and dashes.')
@minLength(3)
@maxLength(64)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Consumption is paid by action, Dedicated by capacity unit.')
@allowed(['Consumption', 'Dedicated'])
param sku string

@description('Capacity units; only for Dedicated.')
@minValue(1)
param capacity int

@description('Addresses in CIDR notation that may call the scheduler. An empty list lets nobody in. Everybody still has to sign in.')
@minLength(1)
param ipAllowlist string[]

@description('Task hubs. The first one is the hosts\' own; more may be for rehearsals.')
@minLength(1)
param hubNames string[]

@description('Days that the history of a finished orchestration is kept.')
@minValue(1)
@maxValue(90)
param retentionDays int

@description('Days for one that failed: longer, since somebody has to find out why.')
@minValue(1)
@maxValue(90)
param failedRetentionDays int

@description('Who works on the hubs.')
param workers principal[]

// Every worker on every hub, and no role on the scheduler itself.
var grants = flatten(map(range(0, length(hubNames)), hub => map(workers, worker => { hub: hub, worker: worker })))

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: sku == 'Dedicated' ? { name: sku, capacity: capacity } : { name: sku }
    ipAllowlist: ipAllowlist
  }

  resource retention 'retentionPolicies' = {
    name: 'default'
    properties: {
      retentionPolicies: [
        { retentionPeriodInDays: retentionDays }
        { retentionPeriodInDays: failedRetentionDays, orchestrationState: 'Failed' }
      ]
    }
  }
}

resource hubs 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = [
  for hubName in hubNames: {
    parent: scheduler
    name: hubName
    properties: {}
  }
]

resource workerRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    name: guid(hubs[grant.hub].id, grant.worker.key, durableTaskDataContributor)
    scope: hubs[grant.hub]
    properties: {
      principalId: grant.worker.principalId
      principalType: grant.worker.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', durableTaskDataContributor)
    }
  }
]

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint

@description('Name of the hosts\' task hub.')
output hubName string = hubNames[0]
