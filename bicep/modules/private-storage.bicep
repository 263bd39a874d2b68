// Private endpoints of storage accounts for one service (blob, queue), and the DNS zone in which their names become private addresses.

import { tagSet } from '../shared/types.bicep'

@description('The service.')
@allowed(['blob', 'queue'])
param service string

@description('Names of the storage accounts.')
@minLength(1)
param accountNames string[]

@description('Resource id of the network in which the names are resolved.')
param networkId string

@description('Resource id of the subnet in which the endpoints lie.')
param subnetId string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

resource accounts 'Microsoft.Storage/storageAccounts@2025-01-01' existing = [for name in accountNames: { name: name }]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'privatelink.${service}.${environment().suffixes.storage}'
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: 'network'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: networkId }
    }
  }
}

resource endpoints 'Microsoft.Network/privateEndpoints@2025-01-01' = [
  for (name, i) in accountNames: {
    name: 'pe-${name}-${service}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: service
          properties: {
            privateLinkServiceId: accounts[i].id
            groupIds: [service]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = [
  for (name, i) in accountNames: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: { privateDnsZoneId: zone.id }
        }
      ]
    }
  }
]
