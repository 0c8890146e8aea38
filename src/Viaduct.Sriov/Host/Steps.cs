using Viaduct.Sriov.Control;

namespace Viaduct.Sriov.Host;

/// <summary>Changes that are made one after the other, all or none: when one fails, those before it are undone, the last one first.</summary>
/// <param name="explain">Says, for people, why a step failed.</param>
internal sealed class Steps(Func<Exception, string> explain)
{
    private readonly Stack<(string Words, Action Undo)> _done = [];

    /// <summary>Makes a change.</summary>
    /// <param name="words">What it is, to follow "can't": <c>"set vf1's VLAN"</c>.</param>
    /// <param name="change">Makes it; throws where the kernel refuses.</param>
    /// <param name="undo">Takes it back; null where another step's does.</param>
    /// <exception cref="HostFunctionException">It failed; the message says whether all is as it was before the first step.</exception>
    internal void Do(string words, Action change, Action? undo)
    {
        try
        {
            change();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostFunctionException(ControlErrorKind.Failed, $"can't {words}: {explain(error)}; {Undo()}", error);
        }

        if (undo is not null)
        {
            _done.Push((words, undo));
        }
    }

    private string Undo()
    {
        List<string> left = [];
        while (_done.TryPop(out (string Words, Action Undo) step))
        {
            try
            {
                step.Undo();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                left.Add($"\"{step.Words}\" could not be taken back: {explain(error)}");
            }
        }

        return left.Count == 0 ? "all is as it was before" : string.Join("; ", left);
    }
}
