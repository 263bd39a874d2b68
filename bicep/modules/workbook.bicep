// The workbook with the charts of drift and cost.

import { tagSet } from '../shared/types.bicep'

@description('Title.')
param title string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Resource id of the Log Analytics workspace whose data it shows.')
param workspaceId string

@description('Name of the GPU worker, whose replicas are counted.')
param gpuWorkerName string

@description('List price of a GPU hour. Check the current price.')
param gpuHourPrice string

var content = loadTextContent('../../infra/workbook.json')

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, title)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: title
    sourceId: workspaceId
    version: 'Notebook/1.0'
    serializedData: replace(replace(replace(content, '__WORKSPACE_ID__', workspaceId), '__GPU_WORKER__', gpuWorkerName), '__GPU_HOUR_PRICE__', gpuHourPrice)
  }
}
