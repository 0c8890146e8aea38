namespace Viaduct.Assigned;

/// <summary>Where an assigned device comes from, the first time and again after it was lost.</summary>
public interface IAssignedDeviceSource
{
    /// <summary>For people: <c>"vfio-user:/run/x.sock"</c>.</summary>
    string Name { get; }

    /// <summary>Takes the device.</summary>
    /// <exception cref="AssignedDeviceException">It isn't there, somebody else holds it, or it is none that a guest can be given.</exception>
    IAssignedDevice Open();

    /// <summary>Tells, on any thread, whenever it may be worth trying to open again. Null where nothing can be watched.</summary>
    IDisposable? Watch(Action appeared);
}
