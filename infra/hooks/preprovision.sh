#!/usr/bin/env sh
# Looks before `azd provision` makes anything: what would fail after ten minutes, or cost money and then stand still, is told now, in a sentence.
# Exit codes: 0 go on · 10 no az · 11 not signed in · 12 no region · 13 region without the GPU profile · 14 no quota · 15 parameters cannot be read · 16 Cloud is not set
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)

stop() {
  code=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$code"
}

# A parameter of the chosen file, so that what is checked is what is deployed.
parameter() {
  sed -n "s/^param $1 = '\{0,1\}\([^']*\)'\{0,1\} *\$/\1/p" "$parameters"
}

module=$(sed -n 's/^  module: *\([a-z]*\) *$/\1/p' "$root/azure.yaml")
parameters="$root/bicep/$module.bicepparam"
[ -f "$parameters" ] || stop 15 "azure.yaml names the parameter file '$module', but there is no $parameters. Set infra.module to dev or prod."
profile=$(parameter gpuProfile)
replicas=$(parameter gpuMaxReplicas)
case $profile in
  Consumption-GPU-NC24-A100) quota=ConsumptionNCA100Gpus ;;
  Consumption-GPU-NC8as-T4) quota=ConsumptionT4Gpus ;;
  *) stop 15 "$parameters: gpuProfile '$profile' is none that this check knows. Take Consumption-GPU-NC24-A100 or Consumption-GPU-NC8as-T4." ;;
esac
case $replicas in
  '' | *[!0-9]*) stop 15 "$parameters: gpuMaxReplicas '$replicas' is no number." ;;
esac

[ "${Cloud:-}" = true ] || stop 16 "The Functions app is built where azd runs, and its project needs Cloud=true in the environment. Run: export Cloud=true"

command -v az >/dev/null 2>&1 || stop 10 "The Azure CLI (az) is not installed or not on the PATH. Install it, then run azd again."

subscription=${AZURE_SUBSCRIPTION_ID:-}
if [ -z "$subscription" ]; then
  subscription=$(az account show --query id --output tsv 2>/dev/null) || stop 11 "The Azure CLI is not signed in. Run: az login"
else
  az account show --subscription "$subscription" --query id --output tsv >/dev/null 2>&1 || stop 11 "The Azure CLI is not signed in to subscription $subscription. Run: az login"
fi

region=${AZURE_LOCATION:-}
[ -n "$region" ] || stop 12 "No region is chosen. Run: azd env set AZURE_LOCATION swedencentral"

profiles=$(az containerapp env workload-profile list-supported --subscription "$subscription" --location "$region" --query '[].name' --output tsv 2>/dev/null) ||
  stop 13 "Azure does not tell which profiles region $region has. Check the name of the region: az account list-locations --output table"
printf '%s\n' "$profiles" | tr -d '\r' | grep -qx "$profile" ||
  stop 13 "Region $region has no $profile. Choose another region (azd env set AZURE_LOCATION ...) or another gpuProfile in $parameters."

# The two shapes that versions of the CLI answer with: a list, or an object around it.
usage=$(az containerapp list-usages --subscription "$subscription" --location "$region" \
  --query "(value || @)[?contains(name.value, '$quota')].[limit, currentValue] | [0]" --output tsv 2>/dev/null | tr -d '\r' | tr '\t\n' '  ') || usage=
limit=$(printf '%s' "$usage" | cut -d ' ' -f 1 | cut -d . -f 1)
case $limit in
  '' | *[!0-9]*)
    printf '%s\n' "Warning: the quota of $quota in $region could not be read; a deployment without quota makes a worker that never starts. Look at it in the portal (Quotas, Azure Container Apps)." >&2
    ;;
  *)
    [ "$limit" -ge "$replicas" ] ||
      stop 14 "The quota of $quota in $region is $limit, and gpuMaxReplicas in $parameters is $replicas. Ask for more in the portal (Quotas, Azure Container Apps), or lower gpuMaxReplicas."
    ;;
esac

# A budget keeps the month that it began in: the first deployment decides, later ones find it in the environment.
if [ -z "${ALIGNGUARD_BUDGET_START:-}" ] && command -v azd >/dev/null 2>&1; then
  azd env set ALIGNGUARD_BUDGET_START "$(date -u +%Y-%m-01)" >/dev/null
fi

printf '%s\n' "Ready: subscription $subscription, region $region, up to $replicas x $profile (quota ${limit:-unknown})."
