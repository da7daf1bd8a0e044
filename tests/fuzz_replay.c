/* Runs one fuzzer over the files of its corpus, so that every build replays what fuzzing has found. A missing or empty
 * corpus folder still runs a few fixed inputs, so that the fuzzer's code is executed in any case. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    static uint8_t content[4 << 20];
    size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1); /* an exact size, so that the address sanitizer sees overruns */
    memcpy(exact, content, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned long count = 0;
    int failed = 0;
    uint8_t fixed[256] = {0};
    for (size_t size = 0; size <= sizeof fixed; size += 64) {
        for (size_t i = 0; i < size; i++)
            fixed[i] = (uint8_t)(i * 37 + size);
        LLVMFuzzerTestOneInput(fixed, size);
        count++;
    }
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder)
            continue;
        for (struct dirent *entry; (entry = readdir(folder));) {
            if (entry->d_name[0] == '.')
                continue;
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            failed |= replay_file(path);
            count++;
        }
        closedir(folder);
    }
    printf("%lu inputs replayed\n", count);
    return failed;
}
