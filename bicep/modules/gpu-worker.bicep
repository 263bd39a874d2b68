// The GPU worker: one replica, one GPU, one activity at a time. None runs, and none is paid for, while there is no work.

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

@description('Name of the environment\'s profile with GPUs.')
param profileName string

@description('Kind of GPU, which bounds CPU and memory of a replica.')
@allowed(['Consumption-GPU-NC24-A100', 'Consumption-GPU-NC8as-T4'])
param gpuProfile string

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

@description('Most replicas: at most the GPUs of the quota.')
@minValue(1)
@maxValue(100)
param maxReplicas int

@description('Seconds from SIGTERM to SIGKILL: the step in hand is finished, and the partial segment is uploaded and committed. Twice what a step and an upload take; 600 is the platform\'s most.')
@minValue(30)
@maxValue(600)
param graceSeconds int

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

// A replica has the whole machine beside its GPU: the largest that the profile gives.
var sizes = {
  'Consumption-GPU-NC24-A100': { cpu: 24, memory: '220Gi' }
  'Consumption-GPU-NC8as-T4': { cpu: 8, memory: '56Gi' }
}

var cache = '/cache'

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

var settings = hostSettings('gpu-worker', identityClientId, insights.properties.ConnectionString, host)

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'gpu-worker' })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: profileName
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registryServer, identity: identityId }]
    }
    template: {
      terminationGracePeriodSeconds: graceSeconds
      containers: [
        {
          name: 'gpu-worker'
          image: image
          resources: { cpu: sizes[gpuProfile].cpu, memory: sizes[gpuProfile].memory }
          env: concat(settings, [
            { name: 'ALIGNGUARD_CACHE', value: cache }
            { name: 'ALIGNGUARD_GRACE_SECONDS', value: string(graceSeconds) }
          ])
          volumeMounts: [{ volumeName: 'cache', mountPath: cache }]
        }
      ]
      // Models and data are copied here once a replica; it goes with the replica.
      volumes: [{ name: 'cache', storageType: 'EmptyDir' }]
      scale: {
        minReplicas: 0
        maxReplicas: maxReplicas
        // A cold start pulls gigabytes: a replica outlives the pause between two activities of a run.
        cooldownPeriod: 600
        pollingInterval: 30
        rules: [
          {
            name: 'activities'
            custom: {
              type: 'azure-durabletask-scheduler'
              identity: identityId
              // The scaler counts all activities of the hub and knows no names of them: one that needs no GPU wakes a GPU all the same.
              metadata: {
                endpoint: host.schedulerEndpoint
                taskhubName: host.hub
                workItemType: 'Activity'
                maxConcurrentWorkItemsCount: '1'
              }
            }
          }
        ]
      }
    }
  }
}

resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    // The workbook reckons GPU hours from the number of replicas.
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = app.id

@description('Name of the app.')
output name string = app.name
