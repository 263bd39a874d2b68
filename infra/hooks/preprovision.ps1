# The same checks as preprovision.sh, in the same order with the same exit codes, for Windows.
# Exit codes: 0 go on · 10 no az · 11 not signed in · 12 no region · 13 region without the GPU profile · 14 no quota · 15 parameters cannot be read · 16 Cloud is not set
$ErrorActionPreference = 'Stop'
# A program's exit code is looked at here, not thrown.
$PSNativeCommandUseErrorActionPreference = $false

$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path

function Stop-Here([int] $code, [string] $sentence) {
    [Console]::Error.WriteLine($sentence)
    exit $code
}

# A parameter of the chosen file, so that what is checked is what is deployed.
function Get-Parameter([string] $name) {
    $found = [regex]::Match($script:text, "(?m)^param $name = '?([^'\r\n]*?)'?\s*$")
    if ($found.Success) { $found.Groups[1].Value } else { '' }
}

$module = [regex]::Match([IO.File]::ReadAllText((Join-Path $root 'azure.yaml')), '(?m)^  module: *([a-z]*) *\r?$').Groups[1].Value
$parameters = Join-Path $root "bicep/$module.bicepparam"
if (-not (Test-Path $parameters)) { Stop-Here 15 "azure.yaml names the parameter file '$module', but there is no $parameters. Set infra.module to dev or prod." }
$text = [IO.File]::ReadAllText($parameters)
$gpuProfile = Get-Parameter 'gpuProfile'
$replicas = Get-Parameter 'gpuMaxReplicas'
$quota = switch ($gpuProfile) {
    'Consumption-GPU-NC24-A100' { 'ConsumptionNCA100Gpus' }
    'Consumption-GPU-NC8as-T4' { 'ConsumptionT4Gpus' }
    default { Stop-Here 15 "${parameters}: gpuProfile '$gpuProfile' is none that this check knows. Take Consumption-GPU-NC24-A100 or Consumption-GPU-NC8as-T4." }
}
if ($replicas -notmatch '^[0-9]+$') { Stop-Here 15 "${parameters}: gpuMaxReplicas '$replicas' is no number." }

if ($env:Cloud -cne 'true') { Stop-Here 16 'The Functions app is built where azd runs, and its project needs Cloud=true in the environment. Run: $env:Cloud = "true"' }

if (-not (Get-Command az -CommandType Application -ErrorAction Ignore)) { Stop-Here 10 'The Azure CLI (az) is not installed or not on the PATH. Install it, then run azd again.' }

$subscription = $env:AZURE_SUBSCRIPTION_ID
if ([string]::IsNullOrEmpty($subscription)) {
    $subscription = az account show --query id --output tsv 2>$null
    if ($LASTEXITCODE -ne 0) { Stop-Here 11 'The Azure CLI is not signed in. Run: az login' }
}
else {
    $null = az account show --subscription $subscription --query id --output tsv 2>$null
    if ($LASTEXITCODE -ne 0) { Stop-Here 11 "The Azure CLI is not signed in to subscription $subscription. Run: az login" }
}

$region = $env:AZURE_LOCATION
if ([string]::IsNullOrEmpty($region)) { Stop-Here 12 'No region is chosen. Run: azd env set AZURE_LOCATION swedencentral' }

$profiles = az containerapp env workload-profile list-supported --subscription $subscription --location $region --query '[].name' --output tsv 2>$null
if ($LASTEXITCODE -ne 0) { Stop-Here 13 "Azure does not tell which profiles region $region has. Check the name of the region: az account list-locations --output table" }
if (@($profiles) -cnotcontains $gpuProfile) { Stop-Here 13 "Region $region has no $gpuProfile. Choose another region (azd env set AZURE_LOCATION ...) or another gpuProfile in $parameters." }

# The two shapes that versions of the CLI answer with: a list, or an object around it.
$usage = az containerapp list-usages --subscription $subscription --location $region --query "(value || @)[?contains(name.value, '$quota')].[limit, currentValue] | [0]" --output tsv 2>$null
$limit = ((@($usage) -join ' ') -split '[\s.]')[0]
if ($limit -notmatch '^[0-9]+$') {
    [Console]::Error.WriteLine("Warning: the quota of $quota in $region could not be read; a deployment without quota makes a worker that never starts. Look at it in the portal (Quotas, Azure Container Apps).")
    $limit = 'unknown'
}
elseif ([int] $limit -lt [int] $replicas) {
    Stop-Here 14 "The quota of $quota in $region is $limit, and gpuMaxReplicas in $parameters is $replicas. Ask for more in the portal (Quotas, Azure Container Apps), or lower gpuMaxReplicas."
}

# A budget keeps the month that it began in: the first deployment decides, later ones find it in the environment.
if ([string]::IsNullOrEmpty($env:ALIGNGUARD_BUDGET_START) -and (Get-Command azd -CommandType Application -ErrorAction Ignore)) {
    $null = azd env set ALIGNGUARD_BUDGET_START ([DateTime]::UtcNow.ToString('yyyy-MM-01'))
}

[Console]::Out.WriteLine("Ready: subscription $subscription, region $region, up to $replicas x $gpuProfile (quota $limit).")
exit 0
