// Shapes that more than one module speaks of.

@export()
@description('On every resource that can bear them.')
type tagSet = {
  @description('Always alignguard.')
  project: string

  @description('Name of the environment.')
  environment: string

  @description('Who answers for it.')
  owner: string

  @description('By this azd finds what is its own.')
  'azd-env-name': string
}

@export()
@description('A role on one container or queue.')
type dataRole = {
  @description('Name of the container or queue.')
  on: string

  @description('Id of the built-in role.')
  role: string

  @description('What the assignment is named by: known before anything is deployed, so that a what-if can tell the whole of it.')
  key: string

  @description('Object id of who gets it.')
  principalId: string

  @description('What kind of principal that is; saves Azure a look-up that fails for identities made a second ago.')
  principalType: 'ServicePrincipal' | 'User' | 'Group'
}

@export()
@description('A principal, in short.')
type principal = {
  @description('What its role assignments are named by: the name of the identity, or the object id where that is all there is.')
  key: string

  @description('Object id.')
  principalId: string

  @description('Kind of principal.')
  principalType: 'ServicePrincipal' | 'User' | 'Group'
}

@export()
@description('A setting of a host.')
type setting = {
  @description('Name of the environment variable.')
  name: string

  @description('Its value. Never a secret: everything here is signed in to by identity.')
  value: string
}

@export()
@description('What every host is told of the rest of the system.')
type surroundings = {
  @description('Name of the storage account of the store.')
  accountName: string

  @description('Container of the runs.')
  runs: string

  @description('Container of the data sets.')
  datasets: string

  @description('Container of the base models.')
  models: string

  @description('Queue that tells of new data sets.')
  queue: string

  @description('Address of the Durable Task scheduler.')
  schedulerEndpoint: string

  @description('Task hub.')
  hub: string
}
