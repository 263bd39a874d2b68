// A small environment for trying things: the cheapest GPU, one at a time, nothing redundant, no private network.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param owner = readEnvironmentVariable('ALIGNGUARD_OWNER', 'nobody-yet')

param gpuProfile = 'Consumption-GPU-NC8as-T4'
param gpuMaxReplicas = 1
// Stands for the list price, in US dollars, of an hour of one T4 with its 8 cores and 56 GiB: check the current price.
param gpuHourPrice = readEnvironmentVariable('ALIGNGUARD_GPU_HOUR_PRICE', '1.80')

param orchestratorMaxReplicas = 1
param functionsMaxInstances = 40
param softDeleteDays = 7
param versionDays = 7
param historyDays = 7
param failedHistoryDays = 30
param registrySku = 'Basic'
param logDailyCapGb = 1

var emails = readEnvironmentVariable('ALIGNGUARD_ALERT_EMAILS', '')
param alertEmails = empty(emails) ? [] : split(emails, ',')
param budgetAmount = 100
param budgetStart = readEnvironmentVariable('ALIGNGUARD_BUDGET_START', '2026-12-01')

// azd writes these after its first build.
param orchestratorImage = readEnvironmentVariable('SERVICE_ORCHESTRATOR_IMAGE_NAME', '')
param gpuWorkerImage = readEnvironmentVariable('SERVICE_GPU_WORKER_IMAGE_NAME', '')

param operatorId = readEnvironmentVariable('ALIGNGUARD_OPERATOR_ID', '')
param entraClientId = readEnvironmentVariable('ALIGNGUARD_ENTRA_CLIENT_ID', '')
