namespace Viaduct.Machine.Boot;

/// <summary>A kernel or initrd can't be booted: the message names the file and what is wrong with it.</summary>
public sealed class KernelImageException : Exception
{
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong and, where it can be said, what to do.</param>
    public KernelImageException(string path, string problem)
        : base($"{path}: {problem}")
    {
    }
}
