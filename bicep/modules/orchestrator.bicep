// The orchestrator: works on orchestrations. It decides and waits, so it is small, and one is always there.

import { hostSettings } from '../shared/settings.bicep'
import { surroundings, tagSet } from '../shared/types.bicep'

@description('Name, 2 to 32 lower-case letters, digits and dashes.')
@minLength(2)
@maxLength(32)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Container image.')
param image string

@description('Host name of the registry.')
param registryServer string

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('What the host is told of the rest of the system.')
param host surroundings

@description('Name of Application Insights.')
param insightsName string

@description('Most replicas. One works on hundreds of runs: it only waits.')
@minValue(1)
@maxValue(30)
param maxReplicas int

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

var settings = hostSettings('orchestrator', identityClientId, insights.properties.ConnectionString, host)

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'orchestrator' })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      // No ingress: it asks the scheduler for work, nobody asks it.
      registries: [{ server: registryServer, identity: identityId }]
    }
    template: {
      // Decisions take milliseconds; what is cut off is replayed.
      terminationGracePeriodSeconds: 60
      containers: [
        {
          name: 'orchestrator'
          image: image
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: settings
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: maxReplicas
        rules: [
          {
            name: 'orchestrations'
            custom: {
              type: 'azure-durabletask-scheduler'
              identity: identityId
              metadata: {
                endpoint: host.schedulerEndpoint
                taskhubName: host.hub
                workItemType: 'Orchestration'
                maxConcurrentWorkItemsCount: '50'
              }
            }
          }
        ]
      }
    }
  }
}

@description('Name of the app.')
output name string = app.name
