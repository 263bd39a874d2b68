// The registry of the container images. No admin user, and no anonymous pull (it is off unless asked for): apps pull by identity.

import { principal, tagSet } from '../shared/types.bicep'
import { acrPull } from '../shared/roles.bicep'

@description('Name: 5 to 50 letters and digits, unique in Azure.')
@minLength(5)
@maxLength(50)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Tier. The CUDA image is several gigabytes; Basic holds 10.')
@allowed(['Basic', 'Standard', 'Premium'])
param sku string

@description('Who pulls.')
param pullers principal[]

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku }
  properties: {
    adminUserEnabled: false
  }
}

resource pullRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for puller in pullers: {
    name: guid(registry.id, puller.key, acrPull)
    scope: registry
    properties: {
      principalId: puller.principalId
      principalType: puller.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
    }
  }
]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: registry
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'ContainerRegistryLoginEvents', enabled: true }, { category: 'ContainerRegistryRepositoryEvents', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Name.')
output name string = registry.name

@description('Host name that images are named by.')
output loginServer string = registry.properties.loginServer
