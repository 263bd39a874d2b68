// The private network: a subnet for each of the hosts and one for the private endpoints.

import { tagSet } from '../shared/types.bicep'

@description('Name of the virtual network, 2 to 64 characters.')
@minLength(2)
@maxLength(64)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagSet

@description('Address range, at least a /22. It must not overlap with what the network is peered with.')
param addressPrefix string

// No rule of its own: the default ones let the network's own traffic and the way out pass, and nothing in from the internet.
resource guard 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: '${name}-nsg'
  location: location
  tags: tags
}

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'container-apps'
        properties: {
          // A /24: a replica takes an address, an update of a revision takes as many again.
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          networkSecurityGroup: { id: guard.id }
          delegations: [
            {
              name: 'container-apps'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        // Flex Consumption runs on the same platform as Container Apps and asks for the same delegation, but for a subnet of its own.
        name: 'functions'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 4)
          networkSecurityGroup: { id: guard.id }
          delegations: [
            {
              name: 'functions'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 5)
          networkSecurityGroup: { id: guard.id }
        }
      }
    ]
  }

  resource containerApps 'subnets' existing = { name: 'container-apps' }
  resource functions 'subnets' existing = { name: 'functions' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

@description('Resource id of the network.')
output id string = network.id

@description('Resource id of the subnet of the Container Apps environment.')
output containerAppsSubnetId string = network::containerApps.id

@description('Resource id of the subnet that the Functions app goes out by.')
output functionsSubnetId string = network::functions.id

@description('Resource id of the subnet of the private endpoints.')
output endpointsSubnetId string = network::endpoints.id
