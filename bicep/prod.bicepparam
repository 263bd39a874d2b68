// A team's environment: A100s, zones, a private network, longer memories.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param owner = readEnvironmentVariable('ALIGNGUARD_OWNER', 'nobody-yet')

param gpuProfile = 'Consumption-GPU-NC24-A100'
param gpuMaxReplicas = 4
// Stands for the list price, in US dollars, of an hour of one A100 with its 24 cores and 220 GiB: check the current price.
param gpuHourPrice = readEnvironmentVariable('ALIGNGUARD_GPU_HOUR_PRICE', '6.70')

param privateNetworking = true
param storageSku = 'Standard_ZRS'
param orchestratorMaxReplicas = 3
param functionsMaxInstances = 100
param softDeleteDays = 30
param versionDays = 90
param historyDays = 30
param failedHistoryDays = 90
param registrySku = 'Standard'
param logDays = 90
param logDailyCapGb = 10

var emails = readEnvironmentVariable('ALIGNGUARD_ALERT_EMAILS', '')
param alertEmails = empty(emails) ? [] : split(emails, ',')
param budgetAmount = 5000
param budgetStart = readEnvironmentVariable('ALIGNGUARD_BUDGET_START', '2026-12-01')

// azd writes these after its first build.
param orchestratorImage = readEnvironmentVariable('SERVICE_ORCHESTRATOR_IMAGE_NAME', '')
param gpuWorkerImage = readEnvironmentVariable('SERVICE_GPU_WORKER_IMAGE_NAME', '')

param operatorId = readEnvironmentVariable('ALIGNGUARD_OPERATOR_ID', '')
param operatorType = 'Group'
param entraClientId = readEnvironmentVariable('ALIGNGUARD_ENTRA_CLIENT_ID', '')
