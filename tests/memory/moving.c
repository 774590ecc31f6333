/* An allocator that moves at every growth, and leaves the old memory as it was. The test preloads it, because that of
   the system mostly grows in place, where no copy is left behind. */

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *realloc(void *old, size_t size) {
    void *moved = malloc(size);
    if (old == NULL || moved == NULL)
        return moved;
    size_t held = malloc_usable_size(old);
    memcpy(moved, old, held < size ? held : size);
    free(old);
    return moved;
}
