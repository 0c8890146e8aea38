namespace Viaduct.Sriov.Host.Netlink;

/// <summary>Takes an answer of the kernel's.</summary>
/// <param name="type">RTM_….</param>
/// <param name="content">What follows its header.</param>
internal delegate void AnswerTaker(ushort type, ReadOnlySpan<byte> content);
