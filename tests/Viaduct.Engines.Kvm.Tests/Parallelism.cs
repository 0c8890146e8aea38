// Each test has processors of its own that loop, and one counts the process's descriptors.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
