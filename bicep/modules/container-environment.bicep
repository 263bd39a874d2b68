// The Container Apps environment with its two kinds of machines: shared CPU by the second, and one kind of GPU by the second. Both scale to nothing.

import { tagSet } from '../shared/types.bicep'

@description('Name, 2 to 32 characters.')
@minLength(2)
@maxLength(32)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Kind of GPU.')
@allowed(['Consumption-GPU-NC24-A100', 'Consumption-GPU-NC8as-T4'])
param gpuProfile string

@description('True: in a network of one\'s own, reached from nowhere else.')
param private bool

@description('Resource id of the subnet; only where private.')
param subnetId string

@description('True: spread over zones. Only where private.')
param zoneRedundant bool

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // By diagnostic settings: the older way, 'log-analytics', wants the workspace's key.
    appLogsConfiguration: { destination: 'azure-monitor' }
    workloadProfiles: [
      { name: 'Consumption', workloadProfileType: 'Consumption' }
      { name: 'gpu', workloadProfileType: gpuProfile }
    ]
    vnetConfiguration: private ? { infrastructureSubnetId: subnetId, internal: true } : null
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    zoneRedundant: private && zoneRedundant
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'ContainerAppConsoleLogs', enabled: true }
      { category: 'ContainerAppSystemLogs', enabled: true }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = environment.id

@description('Name of the profile with GPUs.')
output gpuProfileName string = 'gpu'
