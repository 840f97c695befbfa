#include "ptah/contract.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/contract/contract_work.h"

namespace ptah {

Outcome<MadeWork> make_contract(const ContractRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(contract_schema(), models, values_of(request), options);
  });
}

}  // namespace ptah
