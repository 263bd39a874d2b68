// Where everything that the system tells of itself goes: one workspace, one Application Insights on top of it. Both take identities only, no keys.

import { principal, tagSet } from '../shared/types.bicep'
import { monitoringMetricsPublisher } from '../shared/roles.bicep'

@description('Name of the Log Analytics workspace, 4 to 63 characters.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Name of the Application Insights resource.')
@minLength(1)
@maxLength(260)
param insightsName string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Days that logs are kept. The first 31 are in the price of ingestion.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Gigabytes a day after which ingestion stops until the next day, so that a chatty fault cannot run up a bill; -1 = no limit.')
@minValue(-1)
param dailyCapGb int

@description('Who sends metrics and traces.')
param publishers principal[]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyCapGb }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

resource publisherRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for publisher in publishers: {
    name: guid(insights.id, publisher.key, monitoringMetricsPublisher)
    scope: insights
    properties: {
      principalId: publisher.principalId
      principalType: publisher.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
    }
  }
]

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Resource id of Application Insights.')
output insightsId string = insights.id

// The connection string is no output although it opens nothing here: whoever needs it reads it from the resource.
@description('Name of Application Insights.')
output insightsName string = insights.name
