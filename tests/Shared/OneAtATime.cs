// Tests that compute, one class after the other: a number that is handed to the native library is a wrapper which a collection, started by another thread, may free before it is read (ADR 6).
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
