namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>PKRU and IA32_PKRS: two bits for each of sixteen keys, access and writes disabled (Intel SDM vol. 3A 4.6.2).</summary>
internal static class ProtectionKeys
{
    internal static bool DeniesAccess(uint rights, int key) => ((rights >> (key * 2)) & 1) != 0;

    internal static bool DeniesWrites(uint rights, int key) => ((rights >> (key * 2)) & 2) != 0;
}
