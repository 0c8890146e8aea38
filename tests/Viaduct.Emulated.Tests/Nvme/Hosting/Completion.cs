using Viaduct.Emulated.Nvme;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

internal readonly record struct Completion(uint Result, int Head, int Queue, ushort Id, NvmeStatus Status);
