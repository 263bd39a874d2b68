// The Functions app: takes queue messages, timers and HTTP requests, and starts orchestrations. Nothing heavy runs here.

import { hostSettings } from '../shared/settings.bicep'
import { surroundings, tagSet } from '../shared/types.bicep'

@description('Name, 2 to 60 letters, digits and dashes; unique in Azure.')
@minLength(2)
@maxLength(60)
param name string

@description('Name of the plan, 1 to 40 characters.')
@minLength(1)
@maxLength(40)
param planName string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the host\'s own storage account.')
param hostAccountName string

@description('Address of the container with the deployed package.')
param packagesAddress string

@description('Address of the queue service that holds the events.')
param queueEndpoint string

@description('True: goes out by a network of one\'s own.')
param private bool

@description('Resource id of the subnet to go out by; only where private.')
param subnetId string

@description('Most instances.')
@minValue(1)
@maxValue(1000)
param maxInstances int

@description('Client id of the app registration whose tokens the HTTP functions take; empty = the function keys alone guard them.')
param entraClientId string

@description('What the host is told of the rest of the system.')
param host surroundings

@description('Name of Application Insights.')
param insightsName string

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var own = [
  // The host itself, by identity.
  { name: 'AzureWebJobsStorage__accountName', value: hostAccountName }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
  // The queue trigger: Connection = "DatasetEvents", queue "%DATASET_EVENTS_QUEUE%".
  { name: 'DatasetEvents__queueServiceUri', value: queueEndpoint }
  { name: 'DatasetEvents__credential', value: 'managedidentity' }
  { name: 'DatasetEvents__clientId', value: identityClientId }
  { name: 'DATASET_EVENTS_QUEUE', value: host.queue }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

var settings = hostSettings('functions', identityClientId, insights.properties.ConnectionString, host)

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: private ? subnetId : null
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: maxInstances }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesAddress
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: concat(own, settings)
    }
  }

  // User name and password for deployment are a shared secret: off.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  // Tokens are checked before a request reaches the app. There is no sign-in page and so no client secret.
  resource auth 'config' = if (!empty(entraClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: { requireAuthentication: true, unauthenticatedClientAction: 'Return401' }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: entraClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: { allowedAudiences: [entraClientId, 'api://${entraClientId}'] }
        }
      }
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Name of the app.')
output name string = app.name

@description('Host name of the app.')
output hostName string = app.properties.defaultHostName
