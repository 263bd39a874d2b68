// Tells of new data sets: a system topic on the store delivers "_READY.json was written" to a queue, by its own identity. A queue, not a webhook: no key in an
// address, a poison queue beside it, and the same path works with the emulator, which has no Event Grid.

import { tagSet } from '../shared/types.bicep'
import { blobDataContributor, queueDataMessageSender } from '../shared/roles.bicep'

@description('Name of the system topic, 3 to 50 characters.')
@minLength(3)
@maxLength(50)
param topicName string

@description('Region: that of the storage account.')
param location string

@description('Tags.')
param tags tagSet

@description('Name of the storage account whose events are told.')
param accountName string

@description('Container whose manifests are told of.')
param watchedContainer string

@description('Queue that the events go to.')
param queueName string

@description('Container that takes what could not be delivered.')
param deadLetterContainer string

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = { name: deadLetterContainer }
  }

  resource queues 'queueServices' existing = {
    name: 'default'

    resource events 'queues' existing = { name: queueName }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  // The system-assigned identity: a user-assigned one is not let through the firewall of a closed account.
  identity: { type: 'SystemAssigned' }
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::queues::events.id, topic.id, queueDataMessageSender)
  scope: account::queues::events
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataMessageSender)
  }
}

resource deadLetterWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::deadLetters.id, topic.id, blobDataContributor)
  scope: account::blobs::deadLetters
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'dataset-ready'
  dependsOn: [sender, deadLetterWriter]
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      subjectBeginsWith: '/blobServices/default/containers/${watchedContainer}/blobs/'
      // With the slash: "not_READY.json" is no manifest.
      subjectEndsWith: '/_READY.json'
      isSubjectCaseSensitive: true
    }
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: account.id
          queueName: queueName
          // A week: the scan of the Functions app finds a manifest that no message told of.
          queueMessageTimeToLiveInSeconds: 604800
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: account.id
          blobContainerName: deadLetterContainer
        }
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: topic
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'DeliveryFailures', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the topic.')
output topicId string = topic.id
