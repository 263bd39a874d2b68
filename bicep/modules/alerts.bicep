// What a person has to know of. Each alert names the page of the runbook's matter in its description.

import { tagSet } from '../shared/types.bicep'

@description('Short name that the alerts begin with.')
param prefix string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Addresses that get the alerts; none = the alerts are only seen in the portal.')
param emails string[]

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the GPU worker.')
param gpuWorkerId string

@description('Most replicas of the GPU worker.')
@minValue(1)
param gpuMaxReplicas int

@description('Resource id of the Event Grid system topic.')
param topicId string

@description('Queue that the functions host moves messages to which it gave up.')
param poisonQueue string

var logAlerts = [
  {
    name: 'poisoned-queue'
    severity: 2
    description: 'A message about a data set was given up: it lies in the poison queue. Look at it, mend the manifest, write it again.'
    // The account's own metric of messages has no queue in it and comes once an hour; its log knows every message that is added.
    query: 'StorageQueueLogs | where OperationName == "PutMessage" and StatusCode startswith "2" and ObjectKey endswith "/${poisonQueue}"'
  }
  {
    name: 'failed-runs'
    severity: 2
    description: 'A run failed: neither accepted nor rejected by the gate. Its status says why; started again, it goes on from its last commit.'
    query: 'AppMetrics | where Name == "alignguard.runs.finished" and tostring(Properties.outcome) == "failed" and Sum > 0'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${prefix}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'alignguard'
    emailReceivers: [
      for (email, i) in emails: {
        name: 'person-${i}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var groups = empty(emails) ? [] : [people.id]

resource fromLogs 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: '${prefix}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${prefix}-${alert.name}'
      description: alert.description
      enabled: true
      severity: alert.severity
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT15M'
      autoMitigate: true
      // Tables come into being with their first row: without one there is nothing to alert of.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: groups }
    }
  }
]

resource gpuAtMaximum 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${prefix}-gpu-at-maximum'
  location: 'global'
  tags: tags
  properties: {
    description: 'The GPU worker has had its most replicas for an hour: runs wait for GPUs, or something loops. Raise gpuMaxReplicas (and the quota), or look for a run that is begun again and again.'
    enabled: true
    severity: 3
    scopes: [gpuWorkerId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'replicas'
          metricNamespace: 'Microsoft.App/containerApps'
          metricName: 'Replicas'
          // The least within the hour, so that a peak of minutes is none. By revision: a revision that was replaced has none.
          timeAggregation: 'Minimum'
          dimensions: [{ name: 'revisionName', operator: 'Include', values: ['*'] }]
          operator: 'GreaterThanOrEqual'
          threshold: gpuMaxReplicas
        }
      ]
    }
    actions: [for group in groups: { actionGroupId: group }]
  }
}

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${prefix}-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid could not deliver an event of a data set and put it into the dead-letter container. The scan starts the run all the same; find out why the queue was not reached.'
    enabled: true
    severity: 3
    scopes: [topicId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead-lettered'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [for group in groups: { actionGroupId: group }]
  }
}
