// One user-assigned identity. Every app has its own, so that a role given to one is not given to the others.

import { tagSet } from '../shared/types.bicep'

@description('Name of the identity, 3 to 128 characters.')
@minLength(3)
@maxLength(128)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id.')
output id string = identity.id

@description('Object id, for role assignments.')
output principalId string = identity.properties.principalId

@description('Client id, for AZURE_CLIENT_ID.')
output clientId string = identity.properties.clientId
