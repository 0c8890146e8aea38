namespace Viaduct.Engines.Software.Translator;

/// <summary>The stubs of the block that is being translated.</summary>
internal sealed class StubList
{
    private Stub[] _stubs = new Stub[128];

    internal int Count { get; private set; }

    internal ref Stub this[int index] => ref _stubs[index];

    internal int Add(in Stub stub)
    {
        if (Count == _stubs.Length)
        {
            Array.Resize(ref _stubs, Count * 2);
        }

        _stubs[Count] = stub;
        return Count++;
    }

    internal void CutTo(int count) => Count = count;
}
