// Ids of the built-in roles that are handed out, in one place: what is not here is not granted.

@export()
@description('Reads and writes blobs.')
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

@export()
@description('Reads blobs.')
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'

@export()
@description('Owns blobs. Only for the Functions host on its own account: it makes its containers and locks itself.')
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'

@export()
@description('Reads, writes and removes messages of a queue.')
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'

@export()
@description('Adds messages to a queue and nothing else.')
var queueDataMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'

@export()
@description('Pulls images.')
var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'

@export()
@description('Starts, works on and reads orchestrations of a task hub.')
var durableTaskDataContributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

@export()
@description('Sends metrics and traces to Application Insights.')
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
