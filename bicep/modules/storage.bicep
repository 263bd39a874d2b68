// The store: runs with their artifacts, data sets, base models, and the queue that tells of new data sets. Identities only, no keys; nothing is public.

import { dataRole, tagSet } from '../shared/types.bicep'

@description('Name of the account: 3 to 24 lower-case letters and digits, unique in Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Redundancy. Runs can be made again, so one region is the default; zones protect against the loss of a data centre.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param sku string

@description('Names of the blob containers.')
@minLength(1)
param containerNames string[]

@description('Names of the queues.')
@minLength(1)
param queueNames string[]

@description('The container among them that takes events which could not be delivered; they are removed after 30 days.')
param deadLetterContainer string

@description('Days that removed blobs and containers can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int

@description('Days after which earlier versions of blobs are removed.')
@minValue(1)
@maxValue(3650)
param versionDays int

@description('True: reached by private endpoints and by trusted Azure services (Event Grid) only.')
param private bool

@description('Roles on containers.')
param containerRoles dataRole[]

@description('Roles on queues.')
param queueRoles dataRole[]

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Event Grid delivers as a trusted service, also where the network is closed.
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        blob: { enabled: true, keyType: 'Account' }
        queue: { enabled: true, keyType: 'Account' }
      }
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      changeFeed: { enabled: true, retentionInDays: max(softDeleteDays, 7) }
      deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
      containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    }

    resource containers 'containers' = [
      for containerName in containerNames: {
        name: containerName
        properties: { publicAccess: 'None' }
      }
    ]
  }

  resource queues 'queueServices' = {
    name: 'default'

    resource all 'queues' = [for queueName in queueNames: { name: queueName }]
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    // The rules name versions, which exist once versioning is on.
    dependsOn: [blobs]
    properties: {
      policy: {
        rules: [
          {
            name: 'old-versions'
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: { blobTypes: ['blockBlob'] }
              actions: { version: { delete: { daysAfterCreationGreaterThan: versionDays } } }
            }
          }
          {
            name: 'dead-letters'
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['${deadLetterContainer}/'] }
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } }
            }
          }
        ]
      }
    }
  }
}

resource containerScopes 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [
  for role in containerRoles: {
    parent: account::blobs
    name: role.on
  }
]

resource containerAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (role, i) in containerRoles: {
    name: guid(containerScopes[i].id, role.key, role.role)
    scope: containerScopes[i]
    dependsOn: [account::blobs::containers]
    properties: {
      principalId: role.principalId
      principalType: role.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.role)
    }
  }
]

resource queueScopes 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = [
  for role in queueRoles: {
    parent: account::queues
    name: role.on
  }
]

resource queueAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (role, i) in queueRoles: {
    name: guid(queueScopes[i].id, role.key, role.role)
    scope: queueScopes[i]
    dependsOn: [account::queues::all]
    properties: {
      principalId: role.principalId
      principalType: role.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.role)
    }
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    // Reads are by far the most and say least; who wrote and who removed is what is asked for afterwards.
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: account::queues
  properties: {
    workspaceId: workspaceId
    // The alert on poisoned messages reads StorageWrite.
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

@description('Resource id.')
output id string = account.id

@description('Name.')
output name string = account.name

@description('Address of the queue service.')
output queueEndpoint string = account.properties.primaryEndpoints.queue
