using Viaduct.Cli.Guests;
using Viaduct.Emulated.Serial;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>The far end of a guest's console.</summary>
internal interface ILabConsole : ISerialSink, IGuestWatcher, IDisposable;
