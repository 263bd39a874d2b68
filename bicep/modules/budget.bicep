// Tells people by mail when the month's costs near a limit. It stops nothing: that is what gpuMaxReplicas and the daily cap of logs are for.

@description('Name, 1 to 63 characters.')
@minLength(1)
@maxLength(63)
param name string

@description('Amount a month, in the currency of the subscription.')
@minValue(1)
param amount int

@description('First day of a month, yyyy-MM-01, not in the past when the budget is made. Azure does not let it change afterwards.')
@minLength(10)
@maxLength(10)
param start string

@description('Addresses that are told.')
@minLength(1)
param emails string[]

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: start }
    notifications: {
      half: { enabled: true, operator: 'GreaterThan', threshold: 50, thresholdType: 'Actual', contactEmails: emails }
      most: { enabled: true, operator: 'GreaterThan', threshold: 80, thresholdType: 'Actual', contactEmails: emails }
      all: { enabled: true, operator: 'GreaterThan', threshold: 100, thresholdType: 'Actual', contactEmails: emails }
      ahead: { enabled: true, operator: 'GreaterThan', threshold: 100, thresholdType: 'Forecasted', contactEmails: emails }
    }
  }
}
