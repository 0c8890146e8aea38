namespace Viaduct.Platform.Workers;

/// <summary>The work of a device's thread: what to do, and how it sleeps and is woken.</summary>
public interface IWork
{
    /// <summary>Does what there is to do. True when something was done, so that it is asked again at once. Worker's thread.</summary>
    bool DoWork();

    /// <summary>Waits until there may be work: a <see cref="Wake"/> since the last <see cref="DoWork"/> began, or a back-end's completion. Worker's thread.</summary>
    void Sleep();

    /// <summary>Ends a <see cref="Sleep"/>, or the next one. Any thread.</summary>
    void Wake();
}
