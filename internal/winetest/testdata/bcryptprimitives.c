/* Programs of Go 1.26 ask for random bytes with ProcessPrng, which Windows has had since version 8 and Wine since 9.
   This stands in for it in tests under an older Wine. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}
