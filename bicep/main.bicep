// Everything that AlignGuard.Pipeline needs on Azure, in one resource group. README.md beside this file has the picture.
//
// Names end in a token of 13 characters made from the resource group and the environment, so that a second deployment finds the first one's resources and two
// environments never meet. The narrowest limit is a storage account's: 24 characters, lower-case letters and digits ("agstore" + 13, "aghost" + 13).

targetScope = 'resourceGroup'

import * as roles from './shared/roles.bicep'
import { principal, tagSet } from './shared/types.bicep'

@description('Name of the environment: 2 to 16 lower-case letters, digits and dashes.')
@minLength(2)
@maxLength(16)
param environmentName string

@description('Region. It has to have the GPU profile: the hook before provisioning checks that.')
@minLength(3)
param location string

@description('Who answers for the resources; put on every one of them as a tag.')
@minLength(1)
param owner string

@description('Kind of GPU that runs are worked on with.')
@allowed(['Consumption-GPU-NC24-A100', 'Consumption-GPU-NC8as-T4'])
param gpuProfile string

@description('Most GPUs at the same time: at most those of the quota. A replica is a GPU.')
@minValue(1)
@maxValue(100)
param gpuMaxReplicas int

@description('Seconds that a GPU worker has from SIGTERM to commit a partial segment.')
@minValue(30)
@maxValue(600)
param gpuGraceSeconds int = 600

@description('List price of a GPU hour, for the workbook\'s arithmetic. Check the current price of your region and profile.')
@minLength(1)
param gpuHourPrice string

@description('Most replicas of the orchestrator; one is always there.')
@minValue(1)
@maxValue(30)
param orchestratorMaxReplicas int = 2

@description('Most instances of the Functions app.')
@minValue(1)
@maxValue(1000)
param functionsMaxInstances int = 40

@description('Image of the orchestrator; empty before the first one was built.')
param orchestratorImage string = ''

@description('Image of the GPU worker; empty before the first one was built.')
param gpuWorkerImage string = ''

@description('True: the storage accounts are reached by private endpoints only, the apps run in a network of their own. Choose at the first deployment: an environment cannot be moved into a network.')
param privateNetworking bool = false

@description('Address range of the private network, at least a /23.')
@minLength(9)
param networkPrefix string = '10.40.0.0/22'

@description('Redundancy of the store.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Days that removed blobs can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 14

@description('Days after which earlier versions of blobs are removed.')
@minValue(1)
@maxValue(3650)
param versionDays int = 30

@description('Tier of the Durable Task scheduler.')
@allowed(['Consumption', 'Dedicated'])
param schedulerSku string = 'Consumption'

@description('Capacity units of a Dedicated scheduler.')
@minValue(1)
@maxValue(3)
param schedulerCapacity int = 1

@description('Addresses (CIDR) that may call the scheduler; everybody has to sign in whatever it says. An empty list lets nobody in.')
@minLength(1)
param schedulerIpAllowlist string[] = ['0.0.0.0/0']

@description('Task hubs; the first one is the hosts\' own.')
@minLength(1)
param taskHubs string[] = ['alignguard']

@description('Days that histories of finished orchestrations are kept.')
@minValue(1)
@maxValue(90)
param historyDays int = 30

@description('Days that histories of failed ones are kept.')
@minValue(1)
@maxValue(90)
param failedHistoryDays int = 90

@description('Tier of the container registry.')
@allowed(['Basic', 'Standard', 'Premium'])
param registrySku string = 'Standard'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 30

@description('Gigabytes of logs a day after which ingestion stops until the next; -1 = no limit.')
@minValue(-1)
param logDailyCapGb int = 5

@description('Addresses that get alerts and budget notices.')
param alertEmails string[] = []

@description('Budget a month in the currency of the subscription; 0 = none. It also needs somebody in alertEmails.')
@minValue(0)
param budgetAmount int

@description('First month of the budget, yyyy-MM-01, not in the past when it is made.')
@minLength(10)
@maxLength(10)
param budgetStart string

@description('Object id of the person or group who uploads data sets and looks at runs; empty = nobody but the apps.')
param operatorId string = ''

@description('What that id is of.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorType string = 'User'

@description('Client id of the app registration whose tokens the HTTP functions take; empty = function keys alone guard them.')
param entraClientId string = ''

var token = uniqueString(resourceGroup().id, environmentName)
var tags tagSet = {
  project: 'alignguard'
  environment: environmentName
  owner: owner
  'azd-env-name': environmentName
}

// Before the first build there is no image of ours: a small one stands in its place. It only has to start and to stay.
var placeholder = 'mcr.microsoft.com/dotnet/samples:aspnetapp'

var runs = 'runs'
var datasets = 'datasets'
var models = 'models'
var deadLetters = 'dead-letters'
var events = 'dataset-events'
// The Functions host's own convention; it is made here so that the host needs no right to make queues.
var poison = '${events}-poison'

// Names that several modules refer to. They are known from the start, so that a what-if can follow them.
var names = {
  orchestrator: 'id-orchestrator-${token}'
  gpuWorker: 'id-gpu-worker-${token}'
  functions: 'id-functions-${token}'
  store: 'agstore${token}'
  host: 'aghost${token}'
  insights: 'appi-${token}'
}

module orchestratorIdentity 'modules/identity.bicep' = {
  params: { name: names.orchestrator, location: location, tags: tags }
}

module gpuWorkerIdentity 'modules/identity.bicep' = {
  params: { name: names.gpuWorker, location: location, tags: tags }
}

module functionsIdentity 'modules/identity.bicep' = {
  params: { name: names.functions, location: location, tags: tags }
}

var orchestratorPrincipal = { key: names.orchestrator, principalId: orchestratorIdentity.outputs.principalId, principalType: 'ServicePrincipal' }
var gpuWorkerPrincipal = { key: names.gpuWorker, principalId: gpuWorkerIdentity.outputs.principalId, principalType: 'ServicePrincipal' }
var functionsPrincipal = { key: names.functions, principalId: functionsIdentity.outputs.principalId, principalType: 'ServicePrincipal' }
var operatorPrincipals principal[] = empty(operatorId) ? [] : [{ key: operatorId, principalId: operatorId, principalType: operatorType }]

module observability 'modules/observability.bicep' = {
  params: {
    workspaceName: 'log-${token}'
    insightsName: names.insights
    location: location
    tags: tags
    retentionDays: logDays
    dailyCapGb: logDailyCapGb
    publishers: [orchestratorPrincipal, gpuWorkerPrincipal, functionsPrincipal]
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  params: { name: 'vnet-${token}', location: location, tags: tags, addressPrefix: networkPrefix }
}

module storage 'modules/storage.bicep' = {
  params: {
    name: names.store
    location: location
    tags: tags
    sku: storageSku
    containerNames: [runs, datasets, models, deadLetters]
    queueNames: [events, poison]
    deadLetterContainer: deadLetters
    softDeleteDays: softDeleteDays
    versionDays: versionDays
    private: privateNetworking
    workspaceId: observability.outputs.workspaceId
    containerRoles: concat(
      [
        { on: runs, role: roles.blobDataContributor, ...orchestratorPrincipal }
        { on: datasets, role: roles.blobDataReader, ...orchestratorPrincipal }
        { on: runs, role: roles.blobDataContributor, ...gpuWorkerPrincipal }
        { on: datasets, role: roles.blobDataReader, ...gpuWorkerPrincipal }
        { on: models, role: roles.blobDataReader, ...gpuWorkerPrincipal }
        { on: runs, role: roles.blobDataContributor, ...functionsPrincipal }
        { on: datasets, role: roles.blobDataReader, ...functionsPrincipal }
      ],
      map(operatorPrincipals, operator => { on: runs, role: roles.blobDataContributor, ...operator }),
      map(operatorPrincipals, operator => { on: datasets, role: roles.blobDataContributor, ...operator }),
      map(operatorPrincipals, operator => { on: models, role: roles.blobDataContributor, ...operator }),
      map(operatorPrincipals, operator => { on: deadLetters, role: roles.blobDataReader, ...operator })
    )
    queueRoles: concat(
      [
        { on: events, role: roles.queueDataContributor, ...functionsPrincipal }
        { on: poison, role: roles.queueDataContributor, ...functionsPrincipal }
      ],
      map(operatorPrincipals, operator => { on: poison, role: roles.queueDataContributor, ...operator })
    )
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  params: {
    name: names.host
    location: location
    tags: tags
    private: privateNetworking
    identityName: names.functions
    principalId: functionsIdentity.outputs.principalId
    workspaceId: observability.outputs.workspaceId
  }
}

module privateBlob 'modules/private-storage.bicep' = if (privateNetworking) {
  dependsOn: [storage, hostStorage]
  params: {
    service: 'blob'
    accountNames: [names.store, names.host]
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    location: location
    tags: tags
  }
}

module privateQueue 'modules/private-storage.bicep' = if (privateNetworking) {
  dependsOn: [storage]
  params: {
    service: 'queue'
    accountNames: [names.store]
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    location: location
    tags: tags
  }
}

module eventing 'modules/events.bicep' = {
  dependsOn: [storage]
  params: {
    topicName: 'evgt-${token}'
    location: location
    tags: tags
    accountName: names.store
    watchedContainer: datasets
    queueName: events
    deadLetterContainer: deadLetters
    workspaceId: observability.outputs.workspaceId
  }
}

module scheduler 'modules/scheduler.bicep' = {
  params: {
    name: 'dts-${token}'
    location: location
    tags: tags
    sku: schedulerSku
    capacity: schedulerCapacity
    ipAllowlist: schedulerIpAllowlist
    hubNames: taskHubs
    retentionDays: historyDays
    failedRetentionDays: failedHistoryDays
    workers: concat([orchestratorPrincipal, gpuWorkerPrincipal, functionsPrincipal], operatorPrincipals)
  }
}

module registry 'modules/registry.bicep' = {
  params: {
    name: 'agcr${token}'
    location: location
    tags: tags
    sku: registrySku
    pullers: [orchestratorPrincipal, gpuWorkerPrincipal]
    workspaceId: observability.outputs.workspaceId
  }
}

module environment 'modules/container-environment.bicep' = {
  params: {
    name: 'cae-${token}'
    location: location
    tags: tags
    gpuProfile: gpuProfile
    private: privateNetworking
    subnetId: privateNetworking ? network!.outputs.containerAppsSubnetId : ''
    zoneRedundant: storageSku != 'Standard_LRS'
    workspaceId: observability.outputs.workspaceId
  }
}

var host = {
  accountName: names.store
  runs: runs
  datasets: datasets
  models: models
  queue: events
  schedulerEndpoint: scheduler.outputs.endpoint
  hub: scheduler.outputs.hubName
}

// An app that starts before its identity may pull or sign in fails its first revision: registry, scheduler and storage come first, with their roles.
module orchestrator 'modules/orchestrator.bicep' = {
  dependsOn: [storage]
  params: {
    name: 'ca-orchestrator-${token}'
    location: location
    tags: tags
    environmentId: environment.outputs.id
    image: empty(orchestratorImage) ? placeholder : orchestratorImage
    registryServer: registry.outputs.loginServer
    identityId: orchestratorIdentity.outputs.id
    identityClientId: orchestratorIdentity.outputs.clientId
    host: host
    insightsName: names.insights
    maxReplicas: orchestratorMaxReplicas
  }
}

module gpuWorker 'modules/gpu-worker.bicep' = {
  dependsOn: [storage]
  params: {
    name: 'ca-gpu-worker-${token}'
    location: location
    tags: tags
    environmentId: environment.outputs.id
    profileName: environment.outputs.gpuProfileName
    gpuProfile: gpuProfile
    image: empty(gpuWorkerImage) ? placeholder : gpuWorkerImage
    registryServer: registry.outputs.loginServer
    identityId: gpuWorkerIdentity.outputs.id
    identityClientId: gpuWorkerIdentity.outputs.clientId
    host: host
    insightsName: names.insights
    maxReplicas: gpuMaxReplicas
    graceSeconds: gpuGraceSeconds
    workspaceId: observability.outputs.workspaceId
  }
}

module functions 'modules/functions.bicep' = {
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: tags
    identityId: functionsIdentity.outputs.id
    identityClientId: functionsIdentity.outputs.clientId
    hostAccountName: names.host
    packagesAddress: hostStorage.outputs.packagesAddress
    queueEndpoint: storage.outputs.queueEndpoint
    private: privateNetworking
    subnetId: privateNetworking ? network!.outputs.functionsSubnetId : ''
    maxInstances: functionsMaxInstances
    entraClientId: entraClientId
    host: host
    insightsName: names.insights
    workspaceId: observability.outputs.workspaceId
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    prefix: 'alignguard-${environmentName}'
    location: location
    tags: tags
    emails: alertEmails
    workspaceId: observability.outputs.workspaceId
    gpuWorkerId: gpuWorker.outputs.id
    gpuMaxReplicas: gpuMaxReplicas
    topicId: eventing.outputs.topicId
    poisonQueue: poison
  }
}

module workbook 'modules/workbook.bicep' = {
  params: {
    title: 'AlignGuard ${environmentName}: drift and cost'
    location: location
    tags: tags
    workspaceId: observability.outputs.workspaceId
    gpuWorkerName: gpuWorker.outputs.name
    gpuHourPrice: gpuHourPrice
  }
}

module budget 'modules/budget.bicep' = if (budgetAmount > 0 && !empty(alertEmails)) {
  params: {
    name: 'alignguard-${environmentName}'
    amount: max(budgetAmount, 1)
    start: budgetStart
    emails: alertEmails
  }
}

@description('Registry that azd pushes images to.')
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer

@description('Store of the runs, for --store.')
output ALIGNGUARD_STORE string = 'store://${names.store}/${runs}'

@description('Where data sets are uploaded to, each with its _READY.json last.')
output ALIGNGUARD_WATCH string = 'store://${names.store}/${datasets}'

@description('Where base models are uploaded to.')
output ALIGNGUARD_MODELS string = 'store://${names.store}/${models}'

@description('Address of the Durable Task scheduler.')
output DURABLE_TASK_SCHEDULER_ENDPOINT string = scheduler.outputs.endpoint

@description('Task hub of the hosts.')
output TASKHUB_NAME string = scheduler.outputs.hubName

@description('Host name of the Functions app.')
output FUNCTIONS_HOST_NAME string = functions.outputs.hostName
