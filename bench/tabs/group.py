"""A program with all its children, and what they take of memory."""

import glob
import os
import subprocess

REST_S = 4  # behind the last page, before memory is read: charts move for a second, then pages settle


class Group:
    """A program in a memory cgroup of its own where that can be had, with pipes to it."""

    def __init__(self, words, **options):
        self.cgroup = f"/sys/fs/cgroup/memory/firn-bench-{os.getpid()}"
        try:
            os.makedirs(self.cgroup, exist_ok=True)
            with open(f"{self.cgroup}/memory.kmem.usage_in_bytes") as file:
                file.read()
        except OSError:
            self.cgroup = None
        self.process = subprocess.Popen(words, preexec_fn=self._join, **options)

    def _join(self):
        if self.cgroup is not None:
            with open(f"{self.cgroup}/cgroup.procs", "w") as file:
                file.write("0")

    def processes(self):
        """The numbers of the program and of all below it."""
        children = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as file:
                    fields = file.read().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(path.split("/")[2]))
            except OSError:
                continue
        found, left = [], [self.process.pid]
        while left:
            found.append(left.pop())
            left += children.get(found[-1], [])
        return found

    def pss_bytes(self):
        """What the processes have in memory, shared pages divided by their users; with the pages of their files in
        memory that none of them has mapped, which are in no PSS."""
        total, mapped, processes = 0, 0, self.processes()
        for process in processes:
            try:
                with open(f"/proc/{process}/smaps_rollup") as file:
                    fields = {line.split()[0]: int(line.split()[1]) for line in file if "kB" in line}
                total += fields["Pss:"] * 1024
                mapped += fields["Pss_Shmem:"] * 1024
            except (OSError, KeyError):
                continue
        return total + max(0, sum(self.memory_files(processes).values()) - mapped)

    @staticmethod
    def memory_files(processes):
        """The sizes in memory of the files there (memfd_create) that the processes have open, each once."""
        found = {}
        for process in processes:
            for path in glob.glob(f"/proc/{process}/fd/*"):
                try:
                    if os.readlink(path).startswith("/memfd:"):
                        about = os.stat(path)
                        found[about.st_dev, about.st_ino] = about.st_blocks * 512
                except OSError:
                    continue
        return found

    def kernel_bytes(self):
        """What the kernel has for them: as the cgroup counts it, else page tables and stacks."""
        if self.cgroup is not None:
            with open(f"{self.cgroup}/memory.kmem.usage_in_bytes") as file:
                return int(file.read())
        total = 0
        for process in self.processes():
            try:
                with open(f"/proc/{process}/status") as file:
                    total += 16 + sum(int(line.split()[1]) for line in file if line.startswith("VmPTE:"))
            except OSError:
                continue
        return total * 1024

    def cgroup_bytes(self):
        """All that the cgroup counts, what files have in the kernel's cache left out; 0 without one."""
        if self.cgroup is None:
            return 0
        with open(f"{self.cgroup}/memory.usage_in_bytes") as file:
            total = int(file.read())
        with open(f"{self.cgroup}/memory.stat") as file:
            stat = dict(line.split() for line in file)
        return total - int(stat["total_inactive_file"]) - int(stat["total_active_file"])

    def end(self):
        """Ends the program, whose children end with it or are ended."""
        processes = self.processes()
        self.process.kill()
        self.process.wait()
        for process in processes[1:]:
            try:
                os.kill(process, 9)
            except OSError:
                continue
        if self.cgroup is not None:
            for _ in range(50):
                try:
                    os.rmdir(self.cgroup)
                    break
                except OSError:
                    subprocess.run(["sleep", "0.1"], check=False)
