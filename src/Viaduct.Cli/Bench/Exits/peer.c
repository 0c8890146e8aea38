/* The peer of "viaduct bench exits": the least that runs the bench's guest on KVM, and times it.
 * It reads how often from standard input, a line a run, and writes how many nanoseconds that took.
 * The macros in capitals that nothing here defines come from the bench. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static struct kvm_segment flat(uint16_t selector, uint8_t type, int code)
{
    struct kvm_segment segment = { .limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = 1, .l = code, .db = !code, .g = 1 };
    return segment;
}

static void set_registers(int cpu)
{
    struct kvm_sregs system;
    check(ioctl(cpu, KVM_GET_SREGS, &system), "KVM_GET_SREGS");
    system.cs = flat(0x10, 11, 1);
    system.ds = system.es = system.fs = system.gs = system.ss = flat(0x18, 3, 0);
    system.gdt.base = GDT_BASE;
    system.gdt.limit = GDT_LIMIT;
    system.cr0 = 0x80010031;
    system.cr3 = PAGE_TABLE;
    system.cr4 = 0x20;
    system.efer = 0x500;
    check(ioctl(cpu, KVM_SET_SREGS, &system), "KVM_SET_SREGS");
    struct kvm_regs registers = { .rip = ENTRY, .rsp = STACK, .rflags = 2 };
    check(ioctl(cpu, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

static void set_cpuid(int kvm, int cpu)
{
    struct kvm_cpuid2 *cpuid = calloc(1, sizeof *cpuid + 256 * sizeof cpuid->entries[0]);
    cpuid->nent = 256;
    check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
    check(ioctl(cpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
    free(cpuid);
}

static int add_doorbell(int vm)
{
    int event = check(eventfd(0, EFD_NONBLOCK), "eventfd");
    struct kvm_ioeventfd doorbell = { .addr = DOORBELL_ADDRESS, .len = 4, .fd = event };
    check(ioctl(vm, KVM_IOEVENTFD, &doorbell), "KVM_IOEVENTFD");
    return event;
}

static int add_interrupt(int vm)
{
    enum { NUMBER = 24 };
    int event = check(eventfd(0, EFD_NONBLOCK), "eventfd");
    struct kvm_irq_routing *routing = calloc(1, sizeof *routing + sizeof routing->entries[0]);
    routing->nr = 1;
    routing->entries[0].gsi = NUMBER;
    routing->entries[0].type = KVM_IRQ_ROUTING_MSI;
    routing->entries[0].u.msi.address_lo = MESSAGE_ADDRESS;
    routing->entries[0].u.msi.data = VECTOR;
    check(ioctl(vm, KVM_SET_GSI_ROUTING, routing), "KVM_SET_GSI_ROUTING");
    struct kvm_irqfd interrupt = { .fd = event, .gsi = NUMBER };
    check(ioctl(vm, KVM_IRQFD, &interrupt), "KVM_IRQFD");
    free(routing);
    return event;
}

static uint32_t next_run(uint64_t *begin)
{
    char line[32];
    if (*begin != 0) {
        printf("%llu\n", (unsigned long long)(now() - *begin));
        fflush(stdout);
    }
    if (fgets(line, sizeof line, stdin) == NULL)
        exit(0);
    *begin = now();
    return strtoul(line, NULL, 10);
}

static void run(int cpu, struct kvm_run *page, int interrupt)
{
    uint64_t begin = 0;
    uint32_t stored = 0;
    for (;;) {
        check(ioctl(cpu, KVM_RUN, 0), "KVM_RUN");
        uint32_t *data = (uint32_t *)((char *)page + page->io.data_offset);
        switch (page->exit_reason) {
        case KVM_EXIT_IO:
            if (page->io.direction == KVM_EXIT_IO_IN) {
                *data = next_run(&begin);
            } else if (page->io.port == INTERRUPT_PORT) {
                uint64_t one = 1;
                check(write(interrupt, &one, sizeof one), "write to an eventfd");
            } else {
                stored = *data;
            }
            break;
        case KVM_EXIT_MMIO:
            if (page->mmio.is_write)
                memcpy(&stored, page->mmio.data, sizeof stored);
            else
                memcpy(page->mmio.data, &stored, sizeof stored);
            break;
        default:
            fprintf(stderr, "KVM_RUN came back with %u\n", page->exit_reason);
            exit(1);
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s IMAGE\n", arguments[0]);
        return 2;
    }
    int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    check(ioctl(vm, KVM_SET_TSS_ADDR, 0xfeffd000), "KVM_SET_TSS_ADDR");
    check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
    void *memory = mmap(NULL, MEMORY_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int image = check(open(arguments[1], O_RDONLY), arguments[1]);
    check(read(image, memory, MEMORY_LENGTH), arguments[1]);
    struct kvm_userspace_memory_region region = { .memory_size = MEMORY_LENGTH, .userspace_addr = (uint64_t)memory };
    check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    int cpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    set_cpuid(kvm, cpu);
    set_registers(cpu);
    add_doorbell(vm);
    int interrupt = add_interrupt(vm);
    int length = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    struct kvm_run *page = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    run(cpu, page, interrupt);
    return 0;
}
